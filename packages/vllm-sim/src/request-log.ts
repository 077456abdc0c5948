import type { SequenceTrace } from './engine.ts'
import type { Endpoint } from './openai/request.ts'

export type Outcome =
  | 'running'
  | 'finished'
  /** The client closed its connection first. */
  | 'aborted_by_client'
  /** The node stopped, paused or was told to abort, and ended the answer with `abort`. */
  | 'aborted_by_node'
  /** A fault ended it. */
  | 'failed'

/** What a request asked of the node. */
export interface RequestFacts {
  /** X-Request-Id of the client, or the node's own id. */
  readonly id: string
  readonly endpoint: Endpoint
  readonly arrivedAt: number
  /** Of all prompts. */
  readonly promptTokens: number
  /** Answers: prompts by samples. */
  readonly choices: number
  /** Name the request used, an adapter's included. */
  readonly model: string
  readonly cacheSalt: string | null
  readonly priority: number
}

/** What truly happened to one request. Instants are epoch ms. */
export interface RequestRecord extends RequestFacts {
  /** When the engine first scheduled any of it. */
  readonly admittedAt: number | null
  readonly firstTokenAt: number | null
  readonly finishedAt: number | null
  /** Tokens made. */
  readonly tokens: number
  /** Prompt tokens found in the prefix cache. */
  readonly cachedTokens: number
  readonly preemptions: number
  /** Tokens made that nobody received as a complete answer, the ones under way at its end included. */
  readonly wastedTokens: number
  readonly abortedByClient: boolean
  readonly outcome: Outcome
  /** Of the last answer to end. */
  readonly finishReason: string | null
  /** The engine's own account, one per answer. */
  readonly sequences: readonly SequenceTrace[]
}

export interface RequestTotals {
  readonly arrived: number
  readonly running: number
  readonly finished: number
  readonly abortedByClient: number
  readonly abortedByNode: number
  readonly failed: number
  readonly tokens: number
  /** Tokens of answers that nobody received to the end. */
  readonly wastedTokens: number
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Requests kept; the oldest is forgotten first. Totals cover all. */
const recordsMax = 10_000

/** The node's own account of its requests: the truth a gateway's bookkeeping is compared with. It outlives crashes of the node. */
export class RequestLog {
  readonly #records: OpenRequest[] = []
  readonly #totals: Mutable<RequestTotals> = {
    arrived: 0,
    running: 0,
    finished: 0,
    abortedByClient: 0,
    abortedByNode: 0,
    failed: 0,
    tokens: 0,
    wastedTokens: 0,
  }

  open(facts: RequestFacts): OpenRequest {
    const request = new OpenRequest(facts, this.#totals)
    this.#records.push(request)
    if (this.#records.length > recordsMax) this.#records.shift()
    this.#totals.arrived++
    this.#totals.running++
    return request
  }

  requests(): RequestRecord[] {
    return this.#records.map((request) => request.record)
  }

  totals(): RequestTotals {
    return { ...this.#totals }
  }
}

/** A request being written down; closed once. */
export class OpenRequest {
  readonly facts: RequestFacts
  readonly #totals: Mutable<RequestTotals>
  #traces: readonly SequenceTrace[] = []
  #firstTokenAt: number | null = null
  #finishedAt: number | null = null
  #tokens = 0
  #outcome: Outcome = 'running'
  #finishReason: string | null = null

  constructor(facts: RequestFacts, totals: Mutable<RequestTotals>) {
    this.facts = facts
    this.#totals = totals
  }

  get tokens(): number {
    return this.#tokens
  }

  get record(): RequestRecord {
    const traces = this.#traces
    const sum = (of: (trace: SequenceTrace) => number): number => traces.reduce((total, trace) => total + of(trace), 0)
    const admitted = traces.flatMap((trace) => trace.admittedAt ?? [])
    return {
      ...this.facts,
      admittedAt: admitted.length === 0 ? null : Math.min(...admitted),
      firstTokenAt: this.#firstTokenAt,
      finishedAt: this.#finishedAt,
      tokens: this.#tokens,
      cachedTokens: sum((trace) => trace.cachedTokens),
      preemptions: sum((trace) => trace.preemptions),
      wastedTokens: this.#outcome === 'finished' || this.#outcome === 'running' ? 0 : this.#tokens,
      abortedByClient: this.#outcome === 'aborted_by_client',
      outcome: this.#outcome,
      finishReason: this.#finishReason,
      sequences: traces.map((trace) => ({
        ...trace,
        steps: trace.steps.map(([first, last]) => [first, last] as const),
      })),
    }
  }

  follow(traces: readonly SequenceTrace[]): void {
    this.#traces = traces
  }

  token(at: number): void {
    this.#firstTokenAt ??= at
    this.#tokens++
    this.#totals.tokens++
  }

  close(outcome: Exclude<Outcome, 'running'>, finishReason: string | null, at: number): void {
    this.#outcome = outcome
    this.#finishReason = finishReason
    this.#finishedAt = at
    this.#totals.running--
    this.#totals[totalOf[outcome]]++
    if (outcome !== 'finished') this.#totals.wastedTokens += this.#tokens
  }
}

const totalOf = {
  finished: 'finished',
  aborted_by_client: 'abortedByClient',
  aborted_by_node: 'abortedByNode',
  failed: 'failed',
} as const
