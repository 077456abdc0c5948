import { openRedis } from '@penstock/redis'
import type { RedisConnectionOptions } from '@penstock/redis'
import type { Redis } from 'ioredis'

/** A frozen Redis shows as unavailable within the 300 ms that callers are promised. */
const replyTimeoutMs = 250
const silentSocketMs = 1_000

/** The queue's connection: a take is not idempotent, so nothing is ever sent twice. */
export const connectRedis = (options: RedisConnectionOptions, onError: (cause: Error) => void): Redis =>
  openRedis({ ...options, replyTimeoutMs, silentSocketMs }, onError)
