import { Redis } from 'ioredis'
import { readRedisUrl, redisUrlForms } from './redis-url.ts'

export interface RedisConnectionOptions {
  /** See `redisUrlForms`. */
  readonly url: string
  /** Shown by Redis in CLIENT LIST. */
  readonly name: string
}

export interface RedisTimeLimits {
  /** Longest wait for one reply, ms. */
  readonly replyTimeoutMs: number
  /** A peer that vanished without closing would otherwise keep the socket until TCP gives up, minutes later, ms. */
  readonly silentSocketMs: number
}

const connectMs = 1000
const retryEveryMs = 50
/** A Sentinel on the same network answers in a millisecond; the next one is asked instead. */
const sentinelReplyMs = 500

/**
 * A connection for calls that someone waits on: refuses at once while Redis is away instead of queueing, fails what was in
 * flight when the socket closes instead of sending it twice, reconnects every 50 ms for ever. Behind Sentinel it follows the
 * primary. `onError` hears every failed reconnection. Throws when the URL is none.
 */
export const openRedis = (
  { url, name, replyTimeoutMs, silentSocketMs }: RedisConnectionOptions & RedisTimeLimits,
  onError: (cause: Error) => void,
): Redis => {
  const address = readRedisUrl(url)
  if (address === null) throw new Error(`REDIS_URL must be ${redisUrlForms}`)
  const redis = new Redis({
    ...address,
    connectionName: name,
    connectTimeout: connectMs,
    commandTimeout: replyTimeoutMs,
    socketTimeout: silentSocketMs,
    retryStrategy: () => retryEveryMs,
    sentinelRetryStrategy: () => retryEveryMs,
    sentinelCommandTimeout: sentinelReplyMs,
    failoverDetector: address.sentinels !== undefined,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // A demoted primary keeps its connections and answers READONLY: reconnecting finds the new primary.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  })
  redis.on('error', onError)
  return redis
}
