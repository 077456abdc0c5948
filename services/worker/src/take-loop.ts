import { Job, lanes } from '@penstock/contracts'
import type { Lane, RunId } from '@penstock/contracts'
import type { PoolQueue } from '@penstock/queue'
import type { Logger } from '@penstock/runtime'
import { LaneOrder } from '@penstock/scheduling'
import type { LaneShare } from '@penstock/scheduling'
import { newRunId } from './new-run-id.ts'

export interface TakeLoopDependencies {
  queue: PoolQueue
  log: Logger
  /** Whether a place is free at the pool's nodes for this worker. */
  hasRoom(pool: string): boolean
  /** Starts the run of a job; must take its place at once. */
  start(job: Job, run: RunId): void
}

/** A pool to take from, its lanes in order of precedence. */
export interface TakenPool {
  readonly name: string
  readonly lanes: readonly LaneShare<Lane>[]
}

/** A nudge can get lost: the queue is looked at this often all the same, ms. */
const pollEveryMs = 250

interface PoolState {
  readonly order: LaneOrder<Lane>
  busy: boolean
  /** Takes still to try; infinite: until the queue is empty. */
  wanted: number
  /** How often somebody wanted something: what came during a take may be about a job that the take did not see. */
  asked: number
  /** Taking ended because no node had room: the next freed place looks again. */
  full: boolean
}

/**
 * Takes jobs when, and only when, a node has room: one take per nudge, all there is after a poll or when a place is freed at a
 * full pool. One take at a time per pool, so that room is never counted twice. Lanes are tried in the pool's order, each with its
 * minimum share.
 */
export class TakeLoop {
  readonly #deps: TakeLoopDependencies
  readonly #states = new Map<string, PoolState>()
  readonly #timer: NodeJS.Timeout
  #stopped = false
  #storeAway = false

  constructor(dependencies: TakeLoopDependencies) {
    this.#deps = dependencies
    this.#timer = setInterval(() => this.#drainAll(), pollEveryMs)
  }

  /** Takes from these pools, and from no others. */
  serve(pools: readonly TakenPool[]): void {
    for (const pool of this.#states.keys()) if (!pools.some(({ name }) => name === pool)) this.#states.delete(pool)
    for (const { name, lanes: configured } of pools) {
      const known = this.#states.get(name)
      if (known === undefined)
        this.#states.set(name, {
          order: new LaneOrder(allLanes(configured)),
          busy: false,
          wanted: 0,
          asked: 0,
          full: false,
        })
      else known.order.configure(allLanes(configured))
    }
    this.#drainAll()
  }

  /** One job was added. */
  nudge(pool: string): void {
    const state = this.#states.get(pool)
    if (state !== undefined) this.#want(pool, state, state.wanted + 1)
  }

  /** A node has a place that it had not. */
  placeFreed(): void {
    for (const [pool, state] of this.#states) if (state.full) this.#want(pool, state, Infinity)
  }

  /** Takes nothing more. */
  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
  }

  #drainAll(): void {
    for (const [pool, state] of this.#states) this.#want(pool, state, Infinity)
  }

  #want(pool: string, state: PoolState, takes: number): void {
    state.wanted = takes
    state.asked += 1
    if (!state.busy) void this.#pump(pool, state)
  }

  async #pump(pool: string, state: PoolState): Promise<void> {
    state.busy = true
    try {
      while (!this.#stopped && state.wanted > 0) {
        state.full = !this.#deps.hasRoom(pool)
        if (state.full) break
        state.wanted -= 1
        const { asked } = state
        const order = state.order.order()
        const taken = await this.#deps.queue.take(pool, order)
        this.#storeAway = false
        if (taken === null && state.asked === asked) break
        if (taken === null) continue
        state.order.started(taken.lane, order)
        const job = Job.safeParse(taken.envelope)
        if (job.success) this.#deps.start(job.data, newRunId())
        else this.#deps.log.error({ job_id: taken.jobId }, 'job in the queue breaks its schema: dropped')
      }
    } catch (error) {
      if (!this.#storeAway) this.#deps.log.warn({ err: error }, 'queue cannot be asked')
      this.#storeAway = true
    } finally {
      state.busy = false
      state.wanted = 0
    }
  }
}

/** A lane that the configuration no longer names may hold jobs from before: it comes last, without a share. */
const allLanes = (configured: readonly LaneShare<Lane>[]): LaneShare<Lane>[] => [
  ...configured,
  ...lanes.filter((lane) => !configured.some(({ name }) => name === lane)).map((name) => ({ name, minimumShare: 0 })),
]
