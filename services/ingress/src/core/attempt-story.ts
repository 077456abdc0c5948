import type { Accepted, WorkerId } from '@penstock/contracts'

interface AttemptFacts {
  queuedAt: number | null
  ahead: number | null
  expectedWaitMs: number | null
  waitedMs: number | null
  worker: WorkerId | null
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

  granted(attempt: number, worker: WorkerId, now: number): void {
    const facts = this.#of(attempt)
    if (facts.worker !== null) return
    facts.worker = worker
    facts.waitedMs = facts.queuedAt === null ? null : Math.round(now - facts.queuedAt)
  }

  ended(attempt: number, because: string): void {
    this.#of(attempt).endedBecause ??= because
  }

  /** Wait of the last attempt, ms; null: it was never granted. */
  get waitedMs(): number | null {
    return [...this.#attempts.values()].at(-1)?.waitedMs ?? null
  }

  /** One fact per attempt, the last ones where there are many: `attempt_2: "behind 3, waited 12 ms, w-1; worker silent"`. */
  facts(): Record<string, string> {
    return Object.fromEntries(
      [...this.#attempts].slice(-toldMax).map(([attempt, facts]) => [`attempt_${attempt}`, sentenceOf(facts)]),
    )
  }

  #of(attempt: number): AttemptFacts {
    let facts = this.#attempts.get(attempt)
    if (facts === undefined) {
      facts = { queuedAt: null, ahead: null, expectedWaitMs: null, waitedMs: null, worker: null, endedBecause: null }
      this.#attempts.set(attempt, facts)
    }
    return facts
  }
}

const sentenceOf = ({ queuedAt, ahead, expectedWaitMs, waitedMs, worker, endedBecause }: AttemptFacts): string => {
  const course = [
    queuedAt === null ? 'not queued' : `behind ${ahead ?? '?'}`,
    ...(expectedWaitMs === null ? [] : [`expected ${expectedWaitMs} ms`]),
    ...(waitedMs === null ? [] : [`waited ${waitedMs} ms`]),
    ...(worker === null ? [] : [worker]),
  ].join(', ')
  return (endedBecause === null ? course : `${course}; ${endedBecause}`).slice(0, factCharsMax)
}
