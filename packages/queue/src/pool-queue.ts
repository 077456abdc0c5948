import type { Lane } from '@penstock/contracts'

/** A job on its way into a pool's waiting line. */
export interface NewJob {
  /** `<request>.<attempt>`: unique per attempt, so a job that left the line never comes back under the same id by itself. */
  readonly jobId: string
  readonly pool: string
  readonly lane: Lane
  /** 1…2 097 151, lower leaves first; equal priorities leave in the order they were added. */
  readonly priority: number
  /** What the worker needs to claim the job. Stored as JSON; never the prompt. */
  readonly envelope: object
  /** Size of the request body behind the job, for the bounds in bytes. */
  readonly bytes: number
}

/** A job that left the line. Its envelope comes from the store: validate it before use. */
export interface QueuedJob {
  readonly jobId: string
  readonly pool: string
  readonly lane: Lane
  readonly priority: number
  readonly envelope: unknown
  readonly bytes: number
  /** Epoch ms on the clock of the process that added it. */
  readonly addedAt: number
}

/**
 * The ordered waiting line of every pool, one per lane, and nothing more: no locks, no redelivery, no results. A job that
 * `take` returned is gone for good, whatever becomes of its taker.
 *
 * Every method throws `RequestFailure` with code `store_unavailable` within 300 ms when the store is away, and works again
 * by itself once it is back. A `take` that failed this way may have taken a job that nobody got: its owner learns it from
 * `unknown`.
 */
export interface PoolQueue extends AsyncDisposable {
  /** True while the store can be asked. For readiness probes; no call needs it. */
  readonly connected: boolean
  /** Adds a job, or leaves the waiting job with this id as it is. Throws RangeError on an id or priority out of range. */
  addOnce(job: NewJob): Promise<'added' | 'present'>
  /** The first job of the first lane that has one, or null. Never waits for a job. */
  take(pool: string, lanes: readonly Lane[]): Promise<QueuedJob | null>
  /** Takes a job out of the line. True only when it was waiting: a removed job is never taken, a taken one never removed. */
  remove(pool: string, lane: Lane, jobId: string): Promise<boolean>
  /** Those of `jobIds` that are not waiting: taken, removed, lost or never added. */
  unknown(pool: string, lane: Lane, jobIds: readonly string[]): Promise<string[]>
  /** Number of waiting jobs. */
  depth(pool: string, lane: Lane): Promise<number>
  /** `addedAt` of the job that has waited longest, whatever its priority; null when none waits. Reads the whole lane. */
  oldestAddedAt(pool: string, lane: Lane): Promise<number | null>
  /** Finishes what is under way and lets the store go. Later calls throw. */
  close(): Promise<void>
}
