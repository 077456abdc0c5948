import type { Accepted, Claim } from '@penstock/contracts'

interface AttemptFacts {
  queuedAt: number | null
  ahead: number | null
  expectedWaitMs: number | null
  waitedMs: number | null
  /** Who took it, and the node it chose. */
  taker: string | null
  endedBecause: string | null
}

/** Attempts that are told one by one; an end record has room for so many. */
const toldMax = 5
const factCharsMax = 160

/**
 * What became of each attempt, for the request's end record: where it waited, how long, who took it, why it ended. Instants are
 * one monotonic clock, in ms.
 */
export class AttemptStory {
  readonly #attempts = new Map<number, AttemptFacts>()

  queued(attempt: number, { ahead, expectedWaitMs }: Accepted, now: number): void {
    Object.assign(this.#of(attempt), { queuedAt: now, ahead: ahead ?? null, expectedWaitMs: expectedWaitMs ?? null })
  }

  granted({ attempt, worker, node, placeReason }: Claim, now: number): void {
    const facts = this.#of(attempt)
    if (facts.taker !== null) return
    facts.taker = node === undefined ? worker : `${worker} at ${node} (${placeReason ?? '?'})`
    facts.waitedMs = facts.queuedAt === null ? null : Math.round(now - facts.queuedAt)
  }

  ended(attempt: number, because: string): void {
    this.#of(attempt).endedBecause ??= because
  }

  /** Wait of the last attempt, ms; null: it was never granted. */
  get waitedMs(): number | null {
    return [...this.#attempts.values()].at(-1)?.waitedMs ?? null
  }

  /** One fact per attempt, the last ones where there are many: `attempt_2: "behind 3, waited 12 ms, w-1 at node-1 (affinity); worker silent"`. */
  facts(): Record<string, string> {
    return Object.fromEntries(
      [...this.#attempts].slice(-toldMax).map(([attempt, facts]) => [`attempt_${attempt}`, sentenceOf(facts)]),
    )
  }

  #of(attempt: number): AttemptFacts {
    let facts = this.#attempts.get(attempt)
    if (facts === undefined) {
      facts = { queuedAt: null, ahead: null, expectedWaitMs: null, waitedMs: null, taker: null, endedBecause: null }
      this.#attempts.set(attempt, facts)
    }
    return facts
  }
}

const sentenceOf = ({ queuedAt, ahead, expectedWaitMs, waitedMs, taker, endedBecause }: AttemptFacts): string => {
  const course = [
    queuedAt === null ? 'not queued' : `behind ${ahead ?? '?'}`,
    ...(expectedWaitMs === null ? [] : [`expected ${expectedWaitMs} ms`]),
    ...(waitedMs === null ? [] : [`waited ${waitedMs} ms`]),
    ...(taker === null ? [] : [taker]),
  ].join(', ')
  return (endedBecause === null ? course : `${course}; ${endedBecause}`).slice(0, factCharsMax)
}
