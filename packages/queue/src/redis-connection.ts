import { openRedis } from '@penstock/redis'
import type { RedisConnectionOptions } from '@penstock/redis'
import type { Redis } from 'ioredis'

/**
 * A frozen Redis shows as unavailable within the 900 ms that callers are promised. Not sooner: a take whose answer is given up takes its
 * job along, and on a slow network half a second is no sign of death.
 */
const replyTimeoutMs = 850
const silentSocketMs = 1_000

/** The queue's connection: a take is not idempotent, so nothing is ever sent twice. */
export const connectRedis = (options: RedisConnectionOptions, onError: (cause: Error) => void): Redis =>
  openRedis({ ...options, replyTimeoutMs, silentSocketMs }, onError)
