import { Redis } from 'ioredis'

export interface RedisConnectionOptions {
  /** `redis://` or `rediss://`, with credentials if the server wants them. */
  readonly url: string
  /** Shown by Redis in CLIENT LIST. */
  readonly name: string
}

/** Longest wait for one reply: a frozen Redis shows as unavailable within the 300 ms that callers are promised. */
const replyTimeoutMs = 250

/** A peer that vanished without closing would otherwise keep the socket until TCP gives up, minutes later. */
const silentSocketMs = 1_000

/**
 * A connection for calls that someone waits on: refuses at once while Redis is away instead of queueing, fails what was in
 * flight when the socket closes instead of sending it twice (a take is not idempotent), reconnects every 50 ms for ever.
 * `onError` hears every failed reconnection.
 */
export function connectRedis(options: RedisConnectionOptions, onError: (cause: Error) => void): Redis {
  const redis = new Redis(options.url, {
    connectionName: options.name,
    connectTimeout: 1_000,
    commandTimeout: replyTimeoutMs,
    socketTimeout: silentSocketMs,
    retryStrategy: () => 50,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // A demoted primary keeps its connections and answers READONLY: reconnecting finds the new primary.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  })
  redis.on('error', onError)
  return redis
}
