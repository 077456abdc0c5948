import type { Lane } from '@penstock/contracts'
import {
  type KeyPrefixOptions,
  type QueueBaseOptions,
  QueueKeys,
  type RedisConnection,
  RedisQueueBackend,
} from 'bullmq'
import type { NewJob } from './pool-queue.ts'

/** One pool's one lane as BullMQ knows it. All lanes share the process's single connection. */
export interface LaneQueue {
  readonly pool: string
  readonly lane: Lane
  readonly backend: RedisQueueBackend
  /** ZSET of the waiting job ids, scored by priority and arrival. */
  readonly waitingKey: string
  /** ZSET of one member that would wake a BullMQ worker. */
  readonly markerKey: string
  /** Number of arrivals since the lane was last empty: the order among equal priorities. */
  readonly counterKey: string
  readonly metaKey: string
  /** Connection for which `metaKey` was last written; a wiped store forgets it. */
  metaWrittenFor: number
  readonly jobKey: (jobId: string) => string
}

const poolName = /^[a-z0-9][a-z0-9-]{0,62}$/

/** The dot keeps a job's key apart from BullMQ's own (`…:meta`, `…:events`), and an id from its generated numbers. */
const jobIdShape = /^[A-Za-z0-9_-]{1,120}\.[0-9]{1,6}$/

const priorityMax = 2_097_151

/**
 * Opens a lane on BullMQ's Redis backend instead of its Queue and Worker classes: those cost two connections, a lock
 * manager and event emitters per lane, of which manual taking uses none. `{pool}` keeps a pool's keys in one cluster slot.
 */
export function openLane(connection: RedisConnection, keyPrefix: string, pool: string, lane: Lane): LaneQueue {
  if (!poolName.test(pool)) throw new RangeError(`not a pool name: ${JSON.stringify(pool)}`)
  const prefix = `${keyPrefix}:{${pool}}`
  const names = new QueueKeys(prefix)
  const keys = names.getKeys(lane)
  const toKey = (type: string) => names.toKey(lane, type)
  const options: QueueBaseOptions & KeyPrefixOptions = { connection: {}, prefix }
  const backend = new RedisQueueBackend(connection, lane, keys, toKey, options, undefined, false)
  return {
    pool,
    lane,
    backend,
    waitingKey: toKey('prioritized'),
    markerKey: toKey('marker'),
    counterKey: toKey('pc'),
    metaKey: toKey('meta'),
    metaWrittenFor: 0,
    jobKey: toKey,
  }
}

/** Throws RangeError on what BullMQ would accept and later misplace: such a call is a bug of the caller. */
export function assertQueueable(job: NewJob): void {
  if (!jobIdShape.test(job.jobId)) throw new RangeError(`not a job id: ${JSON.stringify(job.jobId)}`)
  if (!Number.isInteger(job.priority) || job.priority < 1 || job.priority > priorityMax)
    throw new RangeError(`priority ${job.priority} is not within 1…${priorityMax}`)
}
