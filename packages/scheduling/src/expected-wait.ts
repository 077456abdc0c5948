/** One lane of a pool, as far as it makes another wait. */
export interface LaneLoad {
  readonly lane: string
  /** Jobs that wait in it. */
  readonly waiting: number
  /** Runs per second, over all workers. */
  readonly runsPerS: number
  /** Mean time that a run of this lane holds a slot, ms; null: none was measured. */
  readonly serviceMs: number | null
  readonly minimumShare: number
}

/** A pool as its workers' beats describe it. */
export interface PoolLoad {
  /** Runs that its healthy nodes may hold at once. */
  readonly slots: number
  readonly freeSlots: number
  /** In order of precedence. */
  readonly lanes: readonly LaneLoad[]
}

/**
 * How long a job with `ahead` others before it in its lane waits for a slot, ms: what waits in its own and the higher lanes,
 * at the rate at which slots come free, less the part that newcomers of the higher lanes take; at most what the lane's minimum
 * share takes. Null: nothing was measured yet.
 */
export const expectedWaitMs = (pool: PoolLoad, lane: string, ahead: number): number | null => {
  const facts = factsOf(pool, lane)
  if (facts === null) return null
  const { serviceMs, higherWorkMs, freeWorkMs, strictSlots, shareSlots } = facts
  const work = (ahead + 1) * serviceMs
  if (work + higherWorkMs <= freeWorkMs) return 0
  return Math.min((work + higherWorkMs - freeWorkMs) / strictSlots, work / shareSlots)
}

/**
 * How many jobs may stand before a new one so that it starts within `waitMs`; below 0: none may be added. While nothing waits
 * before it one is always taken: a slot may come free sooner than the mean says, and the estimate needs something to measure.
 */
export const aheadMaxWithin = (pool: PoolLoad, lane: string, waitMs: number): number => {
  const facts = factsOf(pool, lane)
  if (facts === null) return Infinity
  const { serviceMs, higherWorkMs, freeWorkMs, strictSlots, shareSlots } = facts
  const strict = waitMs * strictSlots + freeWorkMs - higherWorkMs
  const jobs = Math.max(strict, waitMs * shareSlots) / serviceMs
  return Math.max(Math.floor(jobs) - 1, higherWorkMs === 0 ? 0 : -1)
}

const factsOf = (pool: PoolLoad, name: string) => {
  const at = pool.lanes.findIndex(({ lane }) => lane === name)
  const own = pool.lanes[at]
  const measured = pool.lanes.flatMap(({ serviceMs }) => serviceMs ?? [])
  if (own === undefined || measured.length === 0 || pool.slots <= 0) return null
  const mean = measured.reduce((sum, ms) => sum + ms, 0) / measured.length
  const serviceOf = (lane: LaneLoad): number => Math.max(1, lane.serviceMs ?? mean)
  const higher = pool.lanes.slice(0, at)
  const takenSlots = higher.reduce((sum, lane) => sum + (lane.runsPerS * serviceOf(lane)) / 1000, 0)
  return {
    serviceMs: serviceOf(own),
    higherWorkMs: higher.reduce((sum, lane) => sum + lane.waiting * serviceOf(lane), 0),
    freeWorkMs: pool.freeSlots * serviceOf(own),
    /** Slots that are left when all lanes above take theirs first. */
    strictSlots: Math.max(pool.slots - takenSlots, pool.slots * 0.001),
    shareSlots: pool.slots * own.minimumShare,
  }
}
