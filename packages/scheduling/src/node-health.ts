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

/** First time out, and the longest, ms. */
const ejectionMs = { first: 1000, most: 30_000 }

export const nodeAnswered = (_health: NodeHealth, now: number): NodeHealth => ({
  failures: 0,
  ejectedUntil: null,
  lastOkAt: now,
})

/** A connect error, 5xx, stall or broken stream. The time out doubles with every further failure. A client's 4xx never comes here. */
export const nodeFailed = (health: NodeHealth, now: number): NodeHealth => {
  const failures = health.failures + 1
  const outMs = Math.min(ejectionMs.first * 2 ** (failures - 1), ejectionMs.most)
  return { ...health, failures, ejectedUntil: now + outMs }
}

export const isEjected = (health: NodeHealth, now: number): boolean =>
  health.ejectedUntil !== null && now < health.ejectedUntil
