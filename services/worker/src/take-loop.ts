import { randomBytes } from 'node:crypto'
import { Job, RunId, lanes } from '@penstock/contracts'
import type { PoolQueue } from '@penstock/queue'
import type { Logger } from '@penstock/runtime'

export interface TakeLoopDependencies {
  queue: PoolQueue
  log: Logger
  /** Places free at the pool's nodes for this worker. */
  room(pool: string): number
  /** Starts the run of a job; must take its place at once. */
  start(job: Job, run: RunId): void
}

/** A nudge can get lost: the queue is looked at this often all the same, ms. */
const pollEveryMs = 250

/**
 * Takes jobs when, and only when, a node has room. Woken by nudges from the router, by freed places and by a slow poll; one take
 * at a time per pool, so that room is never counted twice.
 */
export class TakeLoop {
  readonly #deps: TakeLoopDependencies
  readonly #state = new Map<string, { busy: boolean; again: boolean }>()
  readonly #timer: NodeJS.Timeout
  #pools: readonly string[] = []
  #stopped = false
  #storeAway = false

  constructor(dependencies: TakeLoopDependencies) {
    this.#deps = dependencies
    this.#timer = setInterval(() => this.wakeAll(), pollEveryMs)
  }

  serve(pools: readonly string[]): void {
    this.#pools = pools
    this.wakeAll()
  }

  wakeAll(): void {
    for (const pool of this.#pools) this.wake(pool)
  }

  wake(pool: string): void {
    if (this.#stopped || !this.#pools.includes(pool)) return
    let state = this.#state.get(pool)
    if (state === undefined) this.#state.set(pool, (state = { busy: false, again: false }))
    if (state.busy) state.again = true
    else void this.#pump(pool, state)
  }

  /** Takes nothing more. */
  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
  }

  async #pump(pool: string, state: { busy: boolean; again: boolean }): Promise<void> {
    state.busy = true
    try {
      do {
        state.again = false
        while (!this.#stopped && this.#deps.room(pool) > 0) {
          const taken = await this.#deps.queue.take(pool, lanes)
          if (taken === null) break
          const job = Job.safeParse(taken.envelope)
          if (job.success) this.#deps.start(job.data, RunId.parse(randomBytes(8).toString('hex')))
          else this.#deps.log.error({ job_id: taken.jobId }, 'job in the queue breaks its schema: dropped')
        }
      } while (state.again)
      this.#storeAway = false
    } catch (error) {
      if (!this.#storeAway) this.#deps.log.warn({ err: error }, 'queue cannot be asked')
      this.#storeAway = true
    } finally {
      state.busy = false
    }
  }
}
