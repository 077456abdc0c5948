import { type Lane, RequestFailure } from '@penstock/contracts'
import type { LineBounds, Placing } from '@penstock/scheduling'
import { RedisConnection, type RedisClient } from 'bullmq'
import type { RedisConnectionOptions } from '@penstock/redis'
import type { Redis } from 'ioredis'
import { assertQueueable, type LaneQueue, openLane } from './lane-queue.ts'
import { LaneScripts, placingOf, type PlaceReply } from './lane-scripts.ts'
import type { LaneLength, LaneRef, NewJob, PoolQueue, QueuedJob } from './pool-queue.ts'
import { connectRedis } from './redis-connection.ts'
import { fromStoredJob, toStoredJob } from './stored-job.ts'

export interface BullMqPoolQueueOptions extends RedisConnectionOptions {
  /** First part of every key. Default `penstock`. */
  readonly keyPrefix?: string
}

/** What went wrong beside the calls: nobody waits for it, somebody should log it. */
export type PoolQueueProblem =
  | { readonly kind: 'disconnected'; readonly cause: Error }
  | { readonly kind: 'unreadable_job'; readonly pool: string; readonly lane: Lane; readonly jobId: string }

export interface BullMqPoolQueueDependencies {
  readonly onProblem: (problem: PoolQueueProblem) => void
  /** Epoch ms. */
  readonly now?: () => number
}

/** Entries kept in a lane's event stream. Nothing of ours reads it; a dashboard may. */
const eventsMax = 100

/**
 * `PoolQueue` on BullMQ's keys over one connection per process, whatever the number of pools: jobs are added by BullMQ's own
 * script, so that its tools show them, placed and taken by ours. Every job carries a priority, so all of a lane waits in one
 * ZSET, and nothing is ever `active`.
 */
export class BullMqPoolQueue implements PoolQueue {
  readonly #redis: Redis
  readonly #scripts: LaneScripts
  readonly #connection: RedisConnection
  readonly #client: RedisClient
  readonly #keyPrefix: string
  readonly #onProblem: (problem: PoolQueueProblem) => void
  readonly #now: () => number
  readonly #lanes = new Map<string, LaneQueue>()
  #connections = 1

  private constructor(
    redis: Redis,
    connection: RedisConnection,
    client: RedisClient,
    options: BullMqPoolQueueOptions,
    dependencies: BullMqPoolQueueDependencies,
  ) {
    redis.on('close', () => (this.#connections += 1))
    this.#redis = redis
    this.#scripts = new LaneScripts(redis)
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

  async add(job: NewJob, bounds: LineBounds): Promise<Placing> {
    assertQueueable(job)
    const lane = this.#lane(job.pool, job.lane)
    return this.#asking(async () => placingOf(await this.#place(lane, job, bounds)))
  }

  async take(pool: string, lanes: readonly Lane[]): Promise<QueuedJob | null> {
    if (lanes.length === 0) return null
    const tried = lanes.map((lane) => this.#lane(pool, lane))
    return this.#asking(async () => {
      // A row that is no job left the line like any other, so the loop ends.
      for (;;) {
        const taken = await this.#scripts.take(tried)
        if (taken === null) return null
        const { lane, jobId, fields } = taken
        const job = fromStoredJob(lane, jobId, fields)
        if (job !== null) return job
        this.#onProblem({ kind: 'unreadable_job', pool, lane: lane.lane, jobId })
      }
    })
  }

  async remove(pool: string, lane: Lane, jobId: string): Promise<boolean> {
    const queue = this.#lane(pool, lane)
    return this.#asking(() => this.#scripts.remove(queue, jobId))
  }

  async unknown(pool: string, lane: Lane, jobIds: readonly string[]): Promise<string[]> {
    if (jobIds.length === 0) return []
    const { waitingKey } = this.#lane(pool, lane)
    return this.#asking(async () => {
      const scores = await this.#redis.zmscore(waitingKey, ...jobIds)
      return jobIds.filter((_, index) => scores[index] === null)
    })
  }

  async lengths(lanes: readonly LaneRef[]): Promise<LaneLength[]> {
    if (lanes.length === 0) return []
    const pipeline = this.#redis.pipeline()
    for (const { pool, lane } of lanes) {
      const { waitingKey, fairKey, arrivedKey } = this.#lane(pool, lane)
      pipeline.zcard(waitingKey).hmget(fairKey, 'bytes', 'tokens').zrange(arrivedKey, '0', '0', 'WITHSCORES')
    }
    return this.#asking(async () => {
      const replies = await pipeline.exec()
      return lanes.map((_, index) => {
        const [bytes, tokens] = replyOf(replies, 3 * index + 1) as [string | null, string | null]
        const [, oldest] = replyOf(replies, 3 * index + 2) as string[]
        return {
          jobs: replyOf(replies, 3 * index) as number,
          bytes: Number(bytes),
          tokens: Number(tokens),
          oldestAddedAt: oldest === undefined ? null : Number(oldest),
        }
      })
    })
  }

  async close(): Promise<void> {
    // Redis answers QUIT after all that was asked before it.
    if (this.connected)
      await this.#redis.quit().catch((cause: Error) => this.#onProblem({ kind: 'disconnected', cause }))
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

  /** One atomic round trip: BullMQ's script leaves a row with this id as it is, ours says so. */
  async #place(lane: LaneQueue, job: NewJob, bounds: LineBounds): Promise<PlaceReply> {
    const addedAt = this.#now()
    const row = toStoredJob(job, addedAt)
    const transaction = this.#client.multi()
    const queued = lane.backend.addJobToTransaction(transaction, row, job.jobId)
    transaction.runCommand('penstockPlace', this.#scripts.placeCommand(lane, job, bounds, addedAt))
    if (lane.metaWrittenFor !== this.#connections) transaction.hset(lane.metaKey, { 'opts.maxLenEvents': eventsMax })
    const connections = this.#connections
    const replies = (await transaction.exec()) as TransactionReplies
    await queued
    lane.metaWrittenFor = connections
    if (!isNoScript(replies, 0) && !isNoScript(replies, 1)) {
      replyOf(replies, 0)
      return replyOf(replies, 1) as PlaceReply
    }
    await lane.backend.addJob(row, job.jobId)
    return this.#scripts.place(lane, job, bounds, addedAt)
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
