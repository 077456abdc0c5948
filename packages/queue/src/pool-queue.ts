import type { Lane } from '@penstock/contracts'
import type { LineBounds, Placing } from '@penstock/scheduling'

/** A job on its way into a pool's waiting line. */
export interface NewJob {
  /** `<request>.<attempt>`: unique per attempt, so a job that left the line never comes back under the same id by itself. */
  readonly jobId: string
  readonly pool: string
  readonly lane: Lane
  /** Opaque digests of who waits and of the tenant it is counted for. */
  readonly user: string
  readonly tenant: string
  /** Price in virtual time: a whole number from 1. */
  readonly cost: number
  /** A continuation: leaves before all first attempts, costs nothing, and no bound refuses it. */
  readonly resumed: boolean
  /** Opaque digest: a waiting job of this user with the same one leaves the line and this one takes its place. */
  readonly replaceKey?: string | undefined
  /** When its request came, epoch ms: of two with one key the later asked for stays. */
  readonly askedAt: number
  /** What the worker needs to claim the job. Stored as JSON; never the prompt. */
  readonly envelope: object
  /** Size of the request body behind the job, for the bounds in bytes. */
  readonly bytes: number
  /** Prompt and output tokens it may take, for what is known of the line. */
  readonly tokens: number
}

/** A job that left the line. Its envelope comes from the store: validate it before use. */
export interface QueuedJob {
  readonly jobId: string
  readonly pool: string
  readonly lane: Lane
  readonly envelope: unknown
  /** Epoch ms on the clock of the process that added it. */
  readonly addedAt: number
}

export interface LaneRef {
  readonly pool: string
  readonly lane: Lane
}

/** What waits in one lane. */
export interface LaneLength {
  readonly jobs: number
  readonly bytes: number
  readonly tokens: number
  /** `addedAt` of the job that has waited longest, whatever its rank; null when none waits. */
  readonly oldestAddedAt: number | null
}

/**
 * The ordered waiting line of every pool, one per lane, and nothing more: no locks, no redelivery, no results. The order is
 * `FairLine`'s of @penstock/scheduling. A job that `take` returned is gone for good, whatever becomes of its taker.
 *
 * Every method throws `RequestFailure` with code `store_unavailable` within 300 ms when the store is away, within 900 ms
 * when it is there and silent, and works again by itself once it is back. A `take` that failed this way may have taken a job that nobody got: its owner learns it from
 * `unknown`.
 */
export interface PoolQueue extends AsyncDisposable {
  /** True while the store can be asked. For readiness probes; no call needs it. */
  readonly connected: boolean
  /**
   * Adds a job where its rank puts it, or leaves the waiting job with this id as it is, or refuses it at a bound: at once for
   * everybody, however many add. Throws RangeError on fields out of range.
   */
  add(job: NewJob, bounds: LineBounds): Promise<Placing>
  /** The first job of the first lane that has one, or null. Never waits for a job. */
  take(pool: string, lanes: readonly Lane[]): Promise<QueuedJob | null>
  /**
   * Takes a job out of the line, and gives its rank back to its user. True only when it was waiting: a removed job is never
   * taken, a taken one never removed.
   */
  remove(pool: string, lane: Lane, jobId: string): Promise<boolean>
  /** Those of `jobIds` that are not waiting: taken, removed, lost or never added. */
  unknown(pool: string, lane: Lane, jobIds: readonly string[]): Promise<string[]>
  /** What waits in each of these lanes, in one round trip, at a cost that does not grow with them. */
  lengths(lanes: readonly LaneRef[]): Promise<LaneLength[]>
  /** Finishes what is under way and lets the store go. Later calls throw. */
  close(): Promise<void>
}
