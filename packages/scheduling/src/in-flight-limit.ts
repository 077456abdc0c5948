/**
 * Requests that a node may have in flight, found out by trying: additive increase while targets are kept and the limit is what holds
 * work back, multiplicative decrease when one is missed (AIMD). Instants are one monotonic clock, in ms.
 */
export interface InFlightLimit {
  /** May have a fraction; whoever uses it rounds down. */
  readonly limit: number
  /** No target was missed yet: grows by one per answer, so doubles per round, to find the node's size quickly. */
  readonly slowStart: boolean
  /** Misses before this belong to the decrease that was made already. */
  readonly deafUntil: number
}

/** Enough for a small GPU to show that it suffers; a large one is found within seconds. */
const startAt = 32
/** The contract says 10–20 % (vllm §7); the small end, because one decrease follows the other while it is not enough. */
const decreaseTo = 0.9
/** What was sent before a decrease still runs under the old limit: its lateness says nothing about the new one. */
const deafMs = 500
/** A limit that is not reached proves nothing: it grows only when this share of it is in use. */
const usedShare = 0.75

export const initialLimit = (ceiling: number): InFlightLimit => ({
  limit: Math.min(ceiling, startAt),
  slowStart: true,
  deafUntil: Number.NEGATIVE_INFINITY,
})

/**
 * A target was kept. `inFlight` of all workers, as far as the observer knows. Of `workers` that share the node each sees only its own
 * answers, and gets only its part of what the limit grows by: an answer counts for as many.
 */
export const targetKept = (
  state: InFlightLimit,
  facts: { inFlight: number; ceiling: number; workers: number },
): InFlightLimit => {
  const { limit, slowStart } = state
  if (facts.inFlight < limit * usedShare) return withinCeiling(state, facts.ceiling)
  const grownBy = Math.max(1, facts.workers) * (slowStart ? 1 : 1 / limit)
  return withinCeiling({ ...state, limit: limit + grownBy }, facts.ceiling)
}

/** A target was missed by a call that took `tookMs`; once per incident, and never below one. */
export const targetMissed = (
  state: InFlightLimit,
  facts: { inFlight: number; ceiling: number; tookMs: number; now: number },
): InFlightLimit => {
  const { now, inFlight, ceiling } = facts
  if (now < state.deafUntil) return state
  // A limit far above what is in flight would need many steps to matter at all.
  const from = Math.min(state.limit, Math.max(1, inFlight))
  return withinCeiling(
    { limit: Math.max(1, from * decreaseTo), slowStart: false, deafUntil: now + Math.max(deafMs, facts.tookMs) },
    ceiling,
  )
}

const withinCeiling = (state: InFlightLimit, ceiling: number): InFlightLimit =>
  state.limit <= ceiling ? state : { ...state, limit: ceiling }
