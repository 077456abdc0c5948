import type { Redis } from 'ioredis'
import type { LaneQueue } from './lane-queue.ts'
import type { StoredFields } from './stored-job.ts'

/**
 * Takes and settles in one step: the id leaves the ZSET and its row is deleted before anyone else is served, so a taker's
 * death leaves nothing behind. A lane that became empty also gives up BullMQ's marker and arrival counter, as its adds make
 * them anew. A row's key is built here from its prefix: it carries the same `{pool}` tag as the KEYS, hence the same slot.
 */
const takeScript = `
for lane = 1, #ARGV do
  local waiting, marker, counter = KEYS[3 * lane - 2], KEYS[3 * lane - 1], KEYS[3 * lane]
  local id = redis.call('ZPOPMIN', waiting)[1]
  if id then
    local row = ARGV[lane] .. id
    local fields = redis.call('HMGET', row, 'data', 'timestamp', 'priority')
    redis.call('DEL', row)
    if redis.call('EXISTS', waiting) == 0 then redis.call('DEL', marker, counter) end
    return {lane - 1, id, fields[1], fields[2], fields[3]}
  end
end
return nil`

const oldestScript = `
local oldest = nil
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local at = tonumber(redis.call('HGET', ARGV[1] .. id, 'timestamp'))
  if at and (not oldest or at < oldest) then oldest = at end
end
return oldest and tostring(oldest) or nil`

type TakeReply = [
  laneIndex: number,
  jobId: string,
  data: string | null,
  timestamp: string | null,
  priority: string | null,
]

type RedisWithScripts = Redis & {
  penstockTake(keyCount: number, ...keysThenPrefixes: string[]): Promise<TakeReply | null>
  penstockOldest(waitingKey: string, jobKeyPrefix: string): Promise<string | null>
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
    redis.defineCommand('penstockTake', { lua: takeScript })
    redis.defineCommand('penstockOldest', { numberOfKeys: 1, lua: oldestScript, readOnly: true })
    this.#redis = redis as RedisWithScripts
  }

  /** The first row of the first of these lanes that has one, in one round trip. All lanes are of one pool. */
  async take(lanes: readonly LaneQueue[]): Promise<TakenRow | null> {
    const keys = lanes.flatMap((lane) => [lane.waitingKey, lane.markerKey, lane.counterKey])
    const reply = await this.#redis.penstockTake(keys.length, ...keys, ...lanes.map((lane) => lane.jobKey('')))
    if (reply === null) return null
    const [laneIndex, jobId, data, timestamp, priority] = reply
    return { lane: lanes[laneIndex]!, jobId, fields: { data, timestamp, priority } }
  }

  /** Epoch ms at which the job that has waited longest was added. Reads the whole lane. */
  async oldestAddedAt(lane: LaneQueue): Promise<number | null> {
    const oldest = await this.#redis.penstockOldest(lane.waitingKey, lane.jobKey(''))
    return oldest === null ? null : Number(oldest)
  }
}
