/** How fast the runs of long ago are forgotten, ms. */
const memoryMs = 5000
/** Weight of each new run in the mean. */
const newRunWeight = 0.1

export interface LaneRate<L extends string = string> {
  readonly lane: L
  /** Runs per second. */
  readonly runsPerS: number
  /** Mean time that a run held its slot, ms. */
  readonly serviceMs: number
}

interface Measured {
  /** Runs, each worth less the older it is. */
  runs: number
  at: number
  serviceMs: number
}

/** What one worker measures of its runs, by pool and lane. Instants are one monotonic clock, in ms. */
export class ServiceRates<L extends string = string> {
  readonly #pools = new Map<string, Map<L, Measured>>()

  /** A run is over that held its slot for this long. */
  ended(pool: string, lane: L, heldMs: number, now: number): void {
    let lanes = this.#pools.get(pool)
    if (lanes === undefined) this.#pools.set(pool, (lanes = new Map()))
    const former = lanes.get(lane) ?? { runs: 0, at: now, serviceMs: heldMs }
    lanes.set(lane, {
      runs: faded(former, now) + 1,
      at: now,
      serviceMs: former.serviceMs + (heldMs - former.serviceMs) * newRunWeight,
    })
  }

  /** Of the lanes that were ever used. */
  of(pool: string, now: number): LaneRate<L>[] {
    return [...(this.#pools.get(pool) ?? [])].map(([lane, measured]) => ({
      lane,
      runsPerS: faded(measured, now) / (memoryMs / 1000),
      serviceMs: measured.serviceMs,
    }))
  }
}

const faded = ({ runs, at }: Measured, now: number): number => runs * Math.exp((at - now) / memoryMs)
