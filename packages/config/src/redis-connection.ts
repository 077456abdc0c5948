import { Redis } from 'ioredis'

export interface ConfigRedisOptions {
  /** `redis://` or `rediss://`, with credentials if the server wants them. */
  readonly url: string
  /** Shown by Redis in CLIENT LIST. */
  readonly name: string
}

/** Time for a document of megabytes to cross the wire; a frozen Redis delays a change, and nothing waits for one. */
const replyTimeoutMs = 1_000

/**
 * The connection of a `ConfigStore`: refuses at once while Redis is away and reconnects every 50 ms for ever, because the
 * watch asks again by itself. `onError` hears every failed reconnection.
 */
export function connectConfigRedis(options: ConfigRedisOptions, onError: (cause: Error) => void): Redis {
  const redis = new Redis(options.url, {
    connectionName: options.name,
    connectTimeout: 1_000,
    commandTimeout: replyTimeoutMs,
    socketTimeout: 2 * replyTimeoutMs,
    retryStrategy: () => 50,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  })
  redis.on('error', onError)
  return redis
}
