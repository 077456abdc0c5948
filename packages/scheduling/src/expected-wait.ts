/** One lane of a pool, as far as it makes another wait. */
export interface LaneLoad {
  readonly lane: string
  /** Jobs that wait in it. */
  readonly waiting: number
  /** Starts per second, over all workers. */
  readonly runsPerS: number
  /** Mean time that a run of this lane holds a slot, ms; null: none was measured. */
  readonly serviceMs: number | null
  readonly minimumShare: number
  /** Part of what was asked of it lately that was refused, 0–1: so much more would have started had it been let in. */
  readonly refusedShare: number
}

/** Until a run has started: a short one, so that the first burst is hardly refused, ms. */
const serviceMsGuess = 1000
/** A measured rate of this many starts per second is worth half. */
const trustedPerS = 1

/** A pool as its workers' beats describe it. */
export interface PoolLoad {
  /** Runs that its healthy nodes may hold at once. */
  readonly slots: number
  readonly freeSlots: number
  /** Part of the last seconds in which no slot was free, 0–1: so far its starts show what it is capable of. */
  readonly fullShare: number
  /** In order of precedence. */
  readonly lanes: readonly LaneLoad[]
}

/**
 * How long a job with `ahead` others before it in its lane waits for its start, ms. None while slots are free for all who come first.
 * Else by the rate at which the pool starts runs, whatever it is that holds it back: all that waits in the higher lanes goes first and
 * so does what is asked for there meanwhile, but the lane's minimum share of the starts is its own. Null: the pool has no slots.
 */
export const expectedWaitMs = (pool: PoolLoad, lane: string, ahead: number): number | null => {
  const facts = factsOf(pool, lane)
  if (facts === null) return null
  const { higherWaiting, freeSlots, strictPerMs, sharePerMs } = facts
  const jobs = ahead + 1
  if (jobs + higherWaiting <= freeSlots) return 0
  return Math.min((jobs + higherWaiting - freeSlots) / strictPerMs, jobs / sharePerMs)
}

/**
 * How many jobs may stand before a new one so that it starts within `waitMs`; below 0: none may be added. One is always taken while
 * nothing waits above, or where the lane has a share of its own: a slot may come free sooner than the mean says.
 */
export const aheadMaxWithin = (pool: PoolLoad, lane: string, waitMs: number): number => {
  const facts = factsOf(pool, lane)
  if (facts === null) return Infinity
  const { higherWaiting, freeSlots, strictPerMs, sharePerMs } = facts
  const jobs = Math.max(freeSlots - higherWaiting + waitMs * strictPerMs, waitMs * sharePerMs)
  return Math.max(Math.floor(jobs) - 1, higherWaiting === 0 || sharePerMs > 0 ? 0 : -1)
}

const factsOf = (pool: PoolLoad, name: string) => {
  const at = pool.lanes.findIndex(({ lane }) => lane === name)
  const own = pool.lanes[at]
  if (own === undefined || pool.slots <= 0) return null
  const startsPerMs = startRate(pool)
  const higher = pool.lanes.slice(0, at)
  const wantedPerMs =
    higher.reduce((sum, { runsPerS, refusedShare }) => sum + runsPerS / Math.max(0.01, 1 - refusedShare), 0) / 1000
  const owedElsewhere = pool.lanes.reduce(
    (sum, { lane, minimumShare, waiting }) => sum + (lane === name || waiting === 0 ? 0 : minimumShare),
    0,
  )
  return {
    higherWaiting: higher.reduce((sum, { waiting }) => sum + waiting, 0),
    freeSlots: pool.freeSlots,
    /** What is left when all lanes above take theirs first, and those below their minimum. */
    strictPerMs: Math.max(startsPerMs * (1 - owedElsewhere) - wantedPerMs, startsPerMs * 0.001),
    sharePerMs: startsPerMs * own.minimumShare,
  }
}

/**
 * Starts per ms that the pool is capable of: what it did while it was full, whatever held it back, else what its slots promise. A rate of
 * few starts is chance.
 */
const startRate = (pool: PoolLoad): number => {
  const perS = pool.lanes.reduce((sum, { runsPerS }) => sum + runsPerS, 0)
  const promised = Math.max(perS / 1000, pool.slots / meanServiceMs(pool))
  const trust = (pool.fullShare * perS) / (perS + trustedPerS)
  return (trust * perS) / 1000 + (1 - trust) * promised
}

const meanServiceMs = ({ lanes }: PoolLoad): number => {
  let [runs, heldMs] = [0, 0]
  for (const { serviceMs, runsPerS } of lanes) {
    if (serviceMs === null) continue
    // A pool that was idle for long still knows how long a run takes.
    const weight = runsPerS + 1e-6
    runs += weight
    heldMs += weight * serviceMs
  }
  return runs === 0 ? serviceMsGuess : Math.max(1, heldMs / runs)
}
