import { type Lane, RequestFailure } from '@penstock/contracts'
import { RedisConnection, type RedisClient } from 'bullmq'
import type { Redis } from 'ioredis'
import { assertQueueable, type LaneQueue, openLane } from './lane-queue.ts'
import type { NewJob, PoolQueue, QueuedJob } from './pool-queue.ts'
import { connectRedis, type RedisConnectionOptions } from './redis-connection.ts'
import { fromStoredJob, toStoredJob } from './stored-job.ts'

export interface BullMqPoolQueueOptions extends RedisConnectionOptions {
  /** First part of every key. Default `penstock`. */
  readonly keyPrefix?: string
}

/** What went wrong beside the calls: nobody waits for it, somebody should log it. */
export type PoolQueueProblem =
  | { readonly kind: 'disconnected'; readonly cause: Error }
  | {
      readonly kind: 'settle_failed'
      readonly pool: string
      readonly lane: Lane
      readonly jobId: string
      readonly cause: unknown
    }
  | { readonly kind: 'unreadable_job'; readonly pool: string; readonly lane: Lane; readonly jobId: string }

export interface BullMqPoolQueueDependencies {
  readonly onProblem: (problem: PoolQueueProblem) => void
  /** Epoch ms. */
  readonly now?: () => number
}

/** BullMQ takes no lock for this token, so none can outlive its taker. */
const noLock = '0'

/** Entries kept in a lane's event stream. Nothing of ours reads it; a dashboard may. */
const eventsMax = 100

/** An entry this old is not between take and settle any more: its taker died, or Redis was away when it settled. */
const abandonedAfterMs = 60_000

const oldestScript = `
local oldest = nil
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local at = tonumber(redis.call('HGET', ARGV[1] .. id, 'timestamp'))
  if at and (not oldest or at < oldest) then oldest = at end
end
return oldest and tostring(oldest) or nil`

type RedisWithOldest = Redis & { penstockOldest(waitingKey: string, jobKeyPrefix: string): Promise<string | null> }

/**
 * `PoolQueue` on BullMQ's Redis scripts over one connection per process, whatever the number of pools. Every job carries a
 * priority, so all of a lane waits in one ZSET. There is no stalled checker anywhere: an entry left in `active` is garbage,
 * never work, and `sweep` removes it.
 */
export class BullMqPoolQueue implements PoolQueue {
  readonly #redis: RedisWithOldest
  readonly #connection: RedisConnection
  readonly #client: RedisClient
  readonly #keyPrefix: string
  readonly #onProblem: (problem: PoolQueueProblem) => void
  readonly #now: () => number
  readonly #lanes = new Map<string, LaneQueue>()
  readonly #settling = new Set<Promise<void>>()
  #connections = 1

  private constructor(
    redis: Redis,
    connection: RedisConnection,
    client: RedisClient,
    options: BullMqPoolQueueOptions,
    dependencies: BullMqPoolQueueDependencies,
  ) {
    redis.defineCommand('penstockOldest', { numberOfKeys: 1, lua: oldestScript, readOnly: true })
    redis.on('close', () => (this.#connections += 1))
    this.#redis = redis as RedisWithOldest
    this.#connection = connection
    this.#client = client
    this.#keyPrefix = options.keyPrefix ?? 'penstock'
    this.#onProblem = dependencies.onProblem
    this.#now = dependencies.now ?? Date.now
  }

  /** Starts connecting and returns at once, connected or not: until then every call says `store_unavailable`. */
  static async open(
    options: BullMqPoolQueueOptions,
    dependencies: BullMqPoolQueueDependencies,
  ): Promise<BullMqPoolQueue> {
    const redis = connectRedis(options, (cause) => dependencies.onProblem({ kind: 'disconnected', cause }))
    const connection = new RedisConnection(redis, {
      shared: true,
      blocking: false,
      skipVersionCheck: true,
      skipWaitingForReady: true,
    })
    // `redis` already reports its errors; BullMQ re-emits them here and would throw without a listener.
    connection.on('error', () => undefined)
    return new BullMqPoolQueue(redis, connection, await connection.client, options, dependencies)
  }

  get connected(): boolean {
    return this.#redis.status === 'ready'
  }

  async addOnce(job: NewJob): Promise<'added' | 'present'> {
    assertQueueable(job)
    const lane = this.#lane(job.pool, job.lane)
    return this.#asking(async () => {
      if (await this.#addIfAbsent(lane, job)) return 'added'
      if ((await this.#redis.zscore(lane.waitingKey, job.jobId)) !== null) return 'present'
      // A row that does not wait was taken and never settled: its id is free again.
      await lane.backend.remove(job.jobId, false)
      return (await this.#addIfAbsent(lane, job)) ? 'added' : 'present'
    })
  }

  async take(pool: string, lanes: readonly Lane[]): Promise<QueuedJob | null> {
    const [first, ...others] = lanes.map((lane) => this.#lane(pool, lane))
    if (first === undefined) return null
    return this.#asking(async () => {
      // Asked along with the first take: an idle pool costs one round trip whatever its number of lanes.
      const othersWaiting = others.length === 0 ? null : this.#anyWaiting(others)
      const job = await this.#takeFrom(first)
      if (job !== null || othersWaiting === null || !(await othersWaiting)) return job
      for (const lane of others) {
        const found = await this.#takeFrom(lane)
        if (found !== null) return found
      }
      return null
    })
  }

  async remove(pool: string, lane: Lane, jobId: string): Promise<boolean> {
    const { waitingKey, jobKey } = this.#lane(pool, lane)
    return this.#asking(async () => {
      const replies = await this.#redis.multi().zrem(waitingKey, jobId).del(jobKey(jobId)).exec()
      return replyOf(replies, 0) === 1
    })
  }

  async unknown(pool: string, lane: Lane, jobIds: readonly string[]): Promise<string[]> {
    if (jobIds.length === 0) return []
    const { waitingKey } = this.#lane(pool, lane)
    return this.#asking(async () => {
      const scores = await this.#redis.zmscore(waitingKey, ...jobIds)
      return jobIds.filter((_, index) => scores[index] === null)
    })
  }

  async depth(pool: string, lane: Lane): Promise<number> {
    const { waitingKey } = this.#lane(pool, lane)
    return this.#asking(() => this.#redis.zcard(waitingKey))
  }

  async oldestAddedAt(pool: string, lane: Lane): Promise<number | null> {
    const { waitingKey, jobKey } = this.#lane(pool, lane)
    return this.#asking(async () => {
      const oldest = await this.#redis.penstockOldest(waitingKey, jobKey(''))
      return oldest === null ? null : Number(oldest)
    })
  }

  /** Removes what takers left unsettled for longer than a minute, of these lanes; returns how many. Call it about once a
   *  minute from anywhere: it concerns memory only, because nothing ever hands such an entry out. */
  async sweep(pool: string, lanes: readonly Lane[]): Promise<number> {
    return this.#asking(async () => {
      let swept = 0
      for (const lane of lanes.map((name) => this.#lane(pool, name))) {
        // BullMQ's clean adds an untrimmed event each time, so an idle lane is left alone.
        if ((await this.#redis.llen(lane.activeKey)) === 0) continue
        swept += (await lane.backend.cleanJobsByState('active', this.#now() - abandonedAfterMs, 0)).length
      }
      return swept
    })
  }

  async close(): Promise<void> {
    await Promise.all(this.#settling)
    await this.#connection.close()
    this.#redis.disconnect()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #lane(pool: string, lane: Lane): LaneQueue {
    const name = `${pool}:${lane}`
    let found = this.#lanes.get(name)
    if (found === undefined) {
      found = openLane(this.#connection, this.#keyPrefix, pool, lane)
      this.#lanes.set(name, found)
    }
    return found
  }

  /** Asks the store, or says that it cannot be asked. */
  async #asking<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (cause) {
      throw new RequestFailure('store_unavailable', {}, cause)
    }
  }

  /** One atomic round trip. False when the id has a row already, whether it waits or not. */
  async #addIfAbsent(lane: LaneQueue, job: NewJob): Promise<boolean> {
    const row = toStoredJob(job, this.#now())
    const transaction = this.#client.multi()
    transaction.runCommand('exists', [lane.jobKey(job.jobId)])
    const queued = lane.backend.addJobToTransaction(transaction, row, job.jobId)
    if (lane.metaWrittenFor !== this.#connections) transaction.hset(lane.metaKey, { 'opts.maxLenEvents': eventsMax })
    const connections = this.#connections
    const replies = (await transaction.exec()) as TransactionReplies
    await queued
    const wasThere = replyOf(replies, 0) === 1
    if (isNoScript(replies, 1)) await lane.backend.addJob(row, job.jobId)
    else replyOf(replies, 1)
    lane.metaWrittenFor = connections
    return !wasThere
  }

  async #anyWaiting(lanes: readonly LaneQueue[]): Promise<boolean> {
    try {
      return (await this.#redis.exists(...lanes.map((lane) => lane.waitingKey))) > 0
    } catch {
      // A job may be on its way from the first lane: whether the store is away is for that take to say.
      return true
    }
  }

  /** Skips rows that are no jobs: each is settled, so the loop ends. */
  async #takeFrom(lane: LaneQueue): Promise<QueuedJob | null> {
    for (;;) {
      const [row, jobId] = (await lane.backend.moveToActive(noLock)) as [
        Parameters<typeof fromStoredJob>[2] | 0,
        string,
      ]
      if (!row) return null
      this.#settle(lane, jobId)
      const job = fromStoredJob(lane, jobId, row)
      if (job !== null) return job
      this.#onProblem({ kind: 'unreadable_job', pool: lane.pool, lane: lane.lane, jobId })
    }
  }

  /** Not awaited by the taker: the job is out of the line already, settling only frees its row. */
  #settle(lane: LaneQueue, jobId: string): void {
    const settled = lane.backend
      .moveToCompleted(
        { id: jobId, opts: {} } as Parameters<typeof lane.backend.moveToCompleted>[0],
        null,
        true,
        noLock,
        false,
      )
      .then(
        () => undefined,
        (cause: unknown) => this.#onProblem({ kind: 'settle_failed', pool: lane.pool, lane: lane.lane, jobId, cause }),
      )
      .finally(() => this.#settling.delete(settled))
    this.#settling.add(settled)
  }
}

type TransactionReplies = [error: Error | null, reply: unknown][] | null

function replyOf(replies: TransactionReplies, index: number): unknown {
  const reply = replies?.[index]
  if (reply === undefined) throw new Error('Redis answered no such command of the transaction')
  if (reply[0]) throw reply[0]
  return reply[1]
}

/** Inside a transaction ioredis cannot send a forgotten script again by itself. */
function isNoScript(replies: TransactionReplies, index: number): boolean {
  return replies?.[index]?.[0]?.message.startsWith('NOSCRIPT') ?? false
}
