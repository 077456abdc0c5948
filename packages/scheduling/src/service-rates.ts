/** How fast the starts of long ago are forgotten, ms. */
const memoryMs = 5000
/** A rate over less time than this says nothing, ms. */
const measuredMsMin = 500
/** Weight of each new run in the mean. */
const newRunWeight = 0.1

export interface LaneRate<L extends string = string> {
  readonly lane: L
  /** Starts per second. */
  readonly runsPerS: number
  /** Mean time that a run held its slot, ms. */
  readonly serviceMs: number
}

interface Measured {
  /** Starts, each worth less the older it is. */
  starts: number
  at: number
  /** Of all that `starts` counts. */
  firstAt: number
  /** Null: no run has ended yet. */
  serviceMs: number | null
}

/** What one worker measures of its runs, by pool and lane. Instants are one monotonic clock, in ms. */
export class ServiceRates<L extends string = string> {
  readonly #pools = new Map<string, Map<L, Measured>>()

  /** A run got its slot. */
  started(pool: string, lane: L, now: number): void {
    const measured = this.#of(pool, lane, now)
    measured.starts = faded(measured, now) + 1
    measured.at = now
  }

  /** A run is over that held its slot for this long. */
  ended(pool: string, lane: L, heldMs: number, now: number): void {
    const measured = this.#of(pool, lane, now)
    const former = measured.serviceMs ?? heldMs
    measured.serviceMs = former + (heldMs - former) * newRunWeight
  }

  /** Of the lanes that were ever used. Until a run has ended, runs take as long as the first has been running. */
  of(pool: string, now: number): LaneRate<L>[] {
    return [...(this.#pools.get(pool) ?? [])].map(([lane, measured]) => ({
      lane,
      runsPerS: startsPerS(measured, now),
      serviceMs: measured.serviceMs ?? Math.max(1, now - measured.firstAt),
    }))
  }

  #of(pool: string, lane: L, now: number): Measured {
    let lanes = this.#pools.get(pool)
    if (lanes === undefined) this.#pools.set(pool, (lanes = new Map()))
    let measured = lanes.get(lane)
    if (measured === undefined) lanes.set(lane, (measured = { starts: 0, at: now, firstAt: now, serviceMs: null }))
    return measured
  }
}

/** What was not watched for long has not lost any of its starts yet: the time that counts is shorter. */
const startsPerS = (measured: Measured, now: number): number => {
  const watchedMs = Math.max(measuredMsMin, now - measured.firstAt)
  return (1000 * faded(measured, now)) / (memoryMs * (1 - Math.exp(-watchedMs / memoryMs)))
}

const faded = ({ starts, at }: Measured, now: number): number => starts * Math.exp((at - now) / memoryMs)
