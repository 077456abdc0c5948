import type { ConfigDocument, PoolConfig } from '@penstock/config'
import type { NodeSourceState, PoolReport } from '@penstock/contracts'
import type { LaneLength } from '@penstock/queue'
import { DesiredNodes, expectedWaitMs } from '@penstock/scheduling'
import type { PoolLoad } from '@penstock/scheduling'

export interface PoolFacts {
  readonly load: PoolLoad
  readonly inFlight: number
  readonly nodesUp: number
  readonly lane: (name: string) => LaneLength
}

export interface ReportFacts {
  readonly document: ConfigDocument
  readonly of: (pool: PoolConfig) => PoolFacts
  /** Monotonic, ms. */
  readonly now: number
  /** Epoch ms, as jobs are stamped. */
  readonly wallClock: number
  /** Names in DNS that stand for nodes. */
  readonly sources: readonly NodeSourceState[]
}

/** Follows the pools: what waits, how full they are, and how many nodes they should have. */
export class PoolReports {
  readonly #desired = new Map<string, DesiredNodes>()

  /** Measures all pools. Call it steadily, about once a second: desired sizes are smoothed over time. */
  measure({ document, of, now, wallClock, sources }: ReportFacts): PoolReport[] {
    for (const pool of this.#desired.keys())
      if (!document.pools.some(({ name }) => name === pool)) this.#desired.delete(pool)
    return document.pools.map((pool) => {
      const { load, inFlight, nodesUp, lane } = of(pool)
      const lanes = load.lanes.map((each) => {
        const { jobs, bytes, tokens, oldestAddedAt } = lane(each.lane)
        return {
          lane: each.lane as PoolReport['lanes'][number]['lane'],
          jobs,
          bytes,
          tokens,
          oldestWaitMs: oldestAddedAt === null ? 0 : Math.max(0, Math.round(wallClock - oldestAddedAt)),
          runsPerS: each.runsPerS,
          serviceMs: each.serviceMs,
          expectedWaitMs: expectedWaitMs(load, each.lane, jobs),
        }
      })
      const own = sources.filter(({ source }) => pool.nodes.includes(source))
      const queued = lanes.reduce((sum, { jobs }) => sum + jobs, 0)
      return {
        pool: pool.name,
        lanes,
        slots: load.slots,
        inFlight,
        nodesUp,
        ...(own.length === 0 ? {} : { sources: own }),
        saturation: (inFlight + queued) / Math.max(1, load.slots),
        desiredNodes: this.#desiredOf(pool.name).update(
          {
            running: inFlight,
            queued,
            slotsPerNode: nodesUp > 0 ? load.slots / nodesUp : slotsOfConfiguredNode(document, pool),
            serviceMs: meanServiceMs(load),
          },
          now,
        ),
      }
    })
  }

  #desiredOf(pool: string): DesiredNodes {
    let desired = this.#desired.get(pool)
    if (desired === undefined) this.#desired.set(pool, (desired = new DesiredNodes()))
    return desired
  }
}

/** While no node is up nobody knows what it will take: its ceiling is the guess that starts the fewest nodes. */
const slotsOfConfiguredNode = (document: ConfigDocument, pool: PoolConfig): number =>
  Math.max(1, ...document.nodes.filter(({ name }) => pool.nodes.includes(name)).map(({ inFlightMax }) => inFlightMax))

const meanServiceMs = ({ lanes }: PoolLoad): number | null => {
  const measured = lanes.filter(({ serviceMs }) => serviceMs !== null)
  const weights = measured.reduce((sum, { runsPerS }) => sum + runsPerS + 1e-6, 0)
  return measured.length === 0
    ? null
    : measured.reduce((sum, { runsPerS, serviceMs }) => sum + (runsPerS + 1e-6) * (serviceMs ?? 0), 0) / weights
}
