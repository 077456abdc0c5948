import type { LineBounds, Placing, RefusalReason } from '@penstock/scheduling'
import type { Redis } from 'ioredis'
import { placeLua, removeLua, takeLua } from './fair-lua.ts'
import type { LaneQueue } from './lane-queue.ts'
import type { NewJob } from './pool-queue.ts'
import type { StoredFields } from './stored-job.ts'

type TakeReply = [laneIndex: number, jobId: string, data: string | null, timestamp: string | null]

export type PlaceReply =
  | ['added', rank: string, ahead: number, replaced: string]
  | ['present', rank: string, ahead: number]
  | ['refused', reason: RefusalReason, ahead: number]

type RedisWithScripts = Redis & {
  penstockTake(keyCount: number, ...keysThenPrefixes: string[]): Promise<TakeReply | null>
  penstockRemove(...keysThenArguments: string[]): Promise<number>
  penstockPlace(...keysThenArguments: string[]): Promise<PlaceReply>
}

/** What a take found: the job is out of the line and its row is gone, readable or not. */
interface TakenRow {
  readonly lane: LaneQueue
  readonly jobId: string
  readonly fields: StoredFields
}

/** The Lua of ours on BullMQ's keys, beside the scripts that BullMQ brings. */
export class LaneScripts {
  readonly #redis: RedisWithScripts

  constructor(redis: Redis) {
    redis.defineCommand('penstockTake', { lua: takeLua })
    redis.defineCommand('penstockRemove', { numberOfKeys: 5, lua: removeLua })
    redis.defineCommand('penstockPlace', { numberOfKeys: 5, lua: placeLua })
    this.#redis = redis as RedisWithScripts
  }

  /** The first row of the first of these lanes that has one, in one round trip. All lanes are of one pool. */
  async take(lanes: readonly LaneQueue[]): Promise<TakenRow | null> {
    const keys = lanes.flatMap(keysOf)
    const reply = await this.#redis.penstockTake(keys.length, ...keys, ...lanes.map((lane) => lane.jobKey('')))
    if (reply === null) return null
    const [laneIndex, jobId, data, timestamp] = reply
    return { lane: lanes[laneIndex]!, jobId, fields: { data, timestamp } }
  }

  async remove(lane: LaneQueue, jobId: string): Promise<boolean> {
    return (await this.#redis.penstockRemove(...keysOf(lane), lane.jobKey(''), jobId)) === 1
  }

  /** Places a job that BullMQ's script added; by itself, for when that could not be one transaction. */
  async place(lane: LaneQueue, job: NewJob, bounds: LineBounds, addedAt: number): Promise<PlaceReply> {
    return this.#redis.penstockPlace(...keysOf(lane), ...placeArguments(lane, job, bounds, addedAt))
  }

  /** The same as one command of a transaction. */
  placeCommand(lane: LaneQueue, job: NewJob, bounds: LineBounds, addedAt: number): (string | number)[] {
    return [...keysOf(lane), ...placeArguments(lane, job, bounds, addedAt)]
  }
}

export const placingOf = (reply: PlaceReply): Placing => {
  switch (reply[0]) {
    case 'added':
      return { kind: 'added', rank: Number(reply[1]), ahead: reply[2], replaced: reply[3] || null }
    case 'present':
      return { kind: 'present', rank: Number(reply[1]), ahead: reply[2] }
    case 'refused':
      return { kind: 'refused', reason: reply[1], ahead: reply[2] }
  }
}

const keysOf = (lane: LaneQueue): string[] => [
  lane.waitingKey,
  lane.markerKey,
  lane.counterKey,
  lane.fairKey,
  lane.arrivedKey,
]

const placeArguments = (lane: LaneQueue, job: NewJob, bounds: LineBounds, addedAt: number): string[] => {
  const { jobId, user, tenant, replaceKey = '', cost, bytes, tokens, resumed, askedAt } = job
  const { perUserMax, perTenantMax, jobsMax, bytesMax, aheadMax } = bounds
  // Lua reads no Infinity.
  const maxima = [perUserMax, perTenantMax, jobsMax, bytesMax, aheadMax].map((max) =>
    Math.min(max, Number.MAX_SAFE_INTEGER),
  )
  const texts = [
    lane.jobKey(''),
    jobId,
    user,
    tenant,
    replaceKey,
    cost,
    bytes,
    tokens,
    resumed ? 1 : 0,
    addedAt,
    askedAt,
  ]
  return [...texts, ...maxima].map(String)
}
