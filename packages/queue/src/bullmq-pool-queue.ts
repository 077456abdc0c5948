import { type Lane, RequestFailure } from '@penstock/contracts'
import { RedisConnection, type RedisClient } from 'bullmq'
import type { Redis } from 'ioredis'
import { assertQueueable, type LaneQueue, openLane } from './lane-queue.ts'
import { LaneScripts } from './lane-scripts.ts'
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
 * script, so that its tools show them, and taken by one of ours. Every job carries a priority, so all of a lane waits in one
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

  async addOnce(job: NewJob): Promise<'added' | 'present'> {
    assertQueueable(job)
    const lane = this.#lane(job.pool, job.lane)
    return this.#asking(async () => ((await this.#addIfAbsent(lane, job)) ? 'added' : 'present'))
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
    const queue = this.#lane(pool, lane)
    return this.#asking(() => this.#scripts.oldestAddedAt(queue))
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

  /** One atomic round trip. False when the id has a row already: BullMQ's script leaves that as it is, without saying so. */
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
