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
  /** Virtual time, sums, and who waits with what. See fair-lua.ts. */
  readonly fairKey: string
  /** ZSET of the waiting job ids by the time they were added. */
  readonly arrivedKey: string
  /** Connection for which `metaKey` was last written; a wiped store forgets it. */
  metaWrittenFor: number
  readonly jobKey: (jobId: string) => string
}

const poolName = /^[a-z0-9][a-z0-9-]{0,62}$/

/** The dot keeps a job's key apart from BullMQ's own (`…:meta`, `…:events`), and an id from its generated numbers. */
const jobIdShape = /^[A-Za-z0-9_-]{1,120}\.[0-9]{1,6}$/

/** What a key of ours may be made of: a blank would split a user's list of jobs. */
const ownerShape = /^[A-Za-z0-9_.-]{1,128}$/

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
    fairKey: toKey('fair'),
    arrivedKey: toKey('arrived'),
    metaWrittenFor: 0,
    jobKey: toKey,
  }
}

const leastValues = [
  ['cost', 1],
  ['bytes', 0],
  ['tokens', 0],
  ['askedAt', 0],
] as const

/** Throws RangeError on what the store would accept and later misplace: such a call is a bug of the caller. */
export function assertQueueable(job: NewJob): void {
  if (!jobIdShape.test(job.jobId)) throw new RangeError(`not a job id: ${JSON.stringify(job.jobId)}`)
  for (const owner of [job.user, job.tenant, ...(job.replaceKey === undefined ? [] : [job.replaceKey])])
    if (!ownerShape.test(owner)) throw new RangeError(`not an opaque name: ${JSON.stringify(owner)}`)
  for (const [name, least] of leastValues)
    if (!Number.isSafeInteger(job[name]) || job[name] < least)
      throw new RangeError(`${name} ${job[name]} is out of range`)
}
