/** Health of one node as one worker sees it. Instants are one monotonic clock, in ms. */
export interface NodeHealth {
  /** Incidents since the last success. */
  failures: number
  /** Out of choice; from this instant on a probe may ask whether it is well again. Null: in. */
  probeAt: number | null
  /** It had too much to do: others get the calls until then. */
  restsUntil: number
  /** It answers, but not with what is wanted of it; null: fit. */
  unfit: Unfit | null
  /** Last time the node answered well; null: never. */
  lastOkAt: number | null
}

/** Asleep or paused, where calls would wait without a word; or it serves other models than the configuration says. */
export type Unfit = 'asleep' | 'wrong-model'

export const unknownHealth = (): NodeHealth => ({
  failures: 0,
  probeAt: null,
  restsUntil: Number.NEGATIVE_INFINITY,
  unfit: null,
  lastOkAt: null,
})

/** A node that nobody vouched for: the next probe lets it in. */
export const unprovenHealth = (now: number): NodeHealth => ({ ...unknownHealth(), probeAt: now })

/** First time out, ms; doubles with every probe that fails. */
const firstOutMs = 1000
/** A probe costs one token: an idle GPU costs more. */
const mostOutMs = 10_000
/** Overload passes quickly (contract vllm §7: 0.2 → 5 s). */
const restMs = 200
const restMostMs = 5000

/** An answer or a probe came to its end well. */
export const nodeAnswered = (health: NodeHealth, now: number): NodeHealth => ({
  ...unknownHealth(),
  unfit: health.unfit,
  lastOkAt: now,
})

/**
 * A connect error, 5xx, stall or broken stream. A client's 4xx never comes here. What fails while the node is out belongs to the
 * same incident: fifty streams that break at once count once.
 */
export const nodeFailed = (health: NodeHealth, now: number): NodeHealth =>
  health.probeAt === null ? outFor(health, now) : health

/** The probe of a node that is out failed: it stays out, twice as long. */
export const probeFailed = (health: NodeHealth, now: number): NodeHealth => outFor(health, now)

/** The node took no call because it has too many: others get them for a moment, or it would win every choice by being idle. */
export const nodeOverloaded = (health: NodeHealth, now: number): NodeHealth => {
  if (now < health.restsUntil) return health
  const failures = health.failures + 1
  return { ...health, failures, restsUntil: now + Math.min(restMs * 2 ** (failures - 1), restMostMs) }
}

/** Half open: the node may be asked whether it is well again. */
export const isProbeDue = (health: NodeHealth, now: number): boolean => health.probeAt !== null && now >= health.probeAt

export const isEjected = (health: NodeHealth, now: number): boolean =>
  health.probeAt !== null || now < health.restsUntil || health.unfit !== null

const outFor = (health: NodeHealth, now: number): NodeHealth => {
  const failures = health.failures + 1
  return { ...health, failures, probeAt: now + Math.min(firstOutMs * 2 ** (failures - 1), mostOutMs) }
}
