/** Health of one node as one worker sees it. Instants are one monotonic clock, in ms. */
export interface NodeHealth {
  /** Failures since the last success. */
  failures: number
  /** Out of choice until then; null: in. */
  ejectedUntil: number | null
  /** Last time the node answered well; null: never. */
  lastOkAt: number | null
}

export const unknownHealth = (): NodeHealth => ({ failures: 0, ejectedUntil: null, lastOkAt: null })

interface TimeOut {
  /** First time out, ms; doubles with every further one. */
  first: number
  /** The longest, ms. */
  most: number
}

const failureMs: TimeOut = { first: 1000, most: 30_000 }
/** Overload passes quickly (contract vllm §7). */
const overloadMs: TimeOut = { first: 200, most: 5000 }

export const nodeAnswered = (_health: NodeHealth, now: number): NodeHealth => ({
  failures: 0,
  ejectedUntil: null,
  lastOkAt: now,
})

/** A connect error, 5xx, stall or broken stream. A client's 4xx never comes here. */
export const nodeFailed = (health: NodeHealth, now: number): NodeHealth => eject(health, now, failureMs)

/** The node took no call because it has too many: others get them for a moment, or it would win every choice by being idle. */
export const nodeOverloaded = (health: NodeHealth, now: number): NodeHealth => eject(health, now, overloadMs)

/** What fails while the node is out belongs to the same incident: fifty streams that break at once count once. */
const eject = (health: NodeHealth, now: number, timeOut: TimeOut): NodeHealth => {
  if (isEjected(health, now)) return health
  const failures = health.failures + 1
  const outMs = Math.min(timeOut.first * 2 ** (failures - 1), timeOut.most)
  return { ...health, failures, ejectedUntil: now + outMs }
}

export const isEjected = (health: NodeHealth, now: number): boolean =>
  health.ejectedUntil !== null && now < health.ejectedUntil
