import type { Lane } from '@penstock/contracts'
import { initialLimit, targetKept, targetMissed } from './in-flight-limit.ts'
import type { InFlightLimit } from './in-flight-limit.ts'
import type { LaneTarget } from './lane-target.ts'
import { prefillMeasured, prefillMs, unknownPrefillRate } from './prefill-rate.ts'
import type { PrefillRate } from './prefill-rate.ts'

/** What a call told about its node. Durations in ms. */
export type Observation =
  /** `tokens`: of the prompt, as estimated. */
  | { kind: 'first-token'; lane: Lane; tookMs: number; tokens: number }
  /** Mean gap between the tokens of a stretch of an answer. */
  | { kind: 'pace'; lane: Lane; itlMs: number; tookMs: number }

export interface ControlFacts {
  /** In flight at the node by this worker, and by the others as they last told. */
  ownInFlight: number
  othersInFlight: number
  /** How many share the node, this one included. */
  workers: number
  ceiling: number
  targets: Readonly<Record<Lane, LaneTarget>>
  now: number
}

/** Until a node's speed is known: two steps of a large GPU's default budget (contract vllm §3.1). */
const prefillTokensGuess = 16_384
/** Of the time that the strictest lane in use can wait for a first token, the part that prompts before it at a node may take. */
const prefillShare = 0.5
/** A lane that has sent nothing for this long does not bound the others' prefill, ms. */
const laneForgottenMs = 60_000
/** Of the KV cache: beyond, growth in decode evicts what runs and throughput falls (contract vllm §3.5). */
const kvShare = 0.9
/** A first token within three times what is expected and this much more is no sign of trouble, ms (design §4). */
const firstTokenGraceMs = 5000
/** Beyond this much more, nothing new is sent where a first token is waited for, while other nodes bring theirs, ms. */
const overdueGraceMs = 1000

/** One worker's learned bounds of one node: requests by AIMD, prompt tokens waiting and KV tokens by the node's measured speed and size. */
export class NodeControl {
  #limit: InFlightLimit | null = null
  #rate: PrefillRate = unknownPrefillRate()
  #kvTokensMax: number | null = null
  readonly #laneSeenAt = new Map<Lane, number>()

  /** Requests in flight, by all workers together. */
  limit(ceiling: number): number {
    return Math.max(1, Math.min(ceiling, Math.floor(this.#limit?.limit ?? initialLimit(ceiling).limit)))
  }

  get prefillTokensPerSecond(): number {
    return this.#rate.tokensPerSecond
  }

  /** Prompt tokens that may wait for their prefill, by all workers together: part of what the strictest lane in use can wait for. */
  prefillTokensMax(targets: Readonly<Record<Lane, LaneTarget>>, now: number): number {
    const waits = [...this.#laneSeenAt].flatMap(([lane, at]) =>
      now - at <= laneForgottenMs ? [targets[lane].ttftMs] : [],
    )
    const waitMs = waits.length === 0 ? targets.interactive.ttftMs : Math.min(...waits)
    return this.#rate.guessed ? prefillTokensGuess : (this.#rate.tokensPerSecond * waitMs * prefillShare) / 1000
  }

  /** Tokens the KV cache may be asked to hold, by all workers together; infinite while its size is unknown. */
  get kvTokensMax(): number {
    return this.#kvTokensMax === null ? Infinity : this.#kvTokensMax * kvShare
  }

  /** What the node says of the size of its KV cache; null: it does not tell. */
  get kvTokens(): number | null {
    return this.#kvTokensMax
  }

  /**
   * When a first token is overdue, so that other calls had better go elsewhere, and until when it must have come; ms from the call's
   * start.
   */
  firstTokenWithinMs(tokensAhead: number, promptTokens: number): { overdueMs: number; withinMs: number } {
    const amplyMs = prefillMs(this.#rate, tokensAhead + promptTokens) * 3
    return { overdueMs: amplyMs + overdueGraceMs, withinMs: amplyMs + firstTokenGraceMs }
  }

  observe(observation: Observation, facts: ControlFacts): void {
    const { lane, tookMs } = observation
    this.#laneSeenAt.set(lane, facts.now)
    const late =
      observation.kind === 'pace'
        ? observation.itlMs > facts.targets[lane].itlMs
        : tookMs - prefillMs(this.#rate, observation.tokens) > facts.targets[lane].ttftMs
    const limit = this.#limit ?? initialLimit(facts.ceiling)
    // What others told is up to a beat old; under a rush they have about as many as this worker.
    const inFlight = Math.max(facts.ownInFlight + facts.othersInFlight, facts.ownInFlight * facts.workers)
    this.#limit = late ? targetMissed(limit, { ...facts, inFlight, tookMs }) : targetKept(limit, { ...facts, inFlight })
  }

  /** A prompt's tokens, without cached ones, took so long to the first token. */
  prefilled(sample: { tokens: number; tookMs: number }): void {
    this.#rate = prefillMeasured(this.#rate, sample)
  }

  /** What the node says of the size of its KV cache, tokens; null: it does not tell. */
  sized(kvTokens: number | null): void {
    this.#kvTokensMax = kvTokens
  }

  /** The node's process is another one: nothing learned holds. */
  forget(): void {
    this.#limit = null
    this.#rate = unknownPrefillRate()
    this.#kvTokensMax = null
  }
}
