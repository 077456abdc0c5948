import { openRedis } from '@penstock/redis'
import type { RedisConnectionOptions } from '@penstock/redis'
import type { Redis } from 'ioredis'

/** Time for a document of megabytes to cross the wire; a frozen Redis delays a change, and nothing waits for one. */
const replyTimeoutMs = 1_000

/** The connection of a `ConfigStore`: refuses at once while Redis is away, because the watch asks again by itself. */
export const connectConfigRedis = (options: RedisConnectionOptions, onError: (cause: Error) => void): Redis =>
  openRedis({ ...options, replyTimeoutMs, silentSocketMs: 2 * replyTimeoutMs }, onError)
