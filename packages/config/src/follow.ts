import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectConfigRedis } from './redis-connection.ts'
import { ConfigStore } from './store.ts'
import type { ConfigSnapshot } from './store.ts'
import { watchConfig } from './watch.ts'

export interface FollowOptions {
  redisUrl: string
  /** First part of every key. */
  keyPrefix: string
  /** The process, as history and CLIENT LIST show it. */
  instance: string
  onChange?: (snapshot: ConfigSnapshot) => void
}

/** The least of a logger that following needs. */
interface ProblemLog {
  warn(fields: object, message: string): void
}

export interface FollowedConfig extends AsyncDisposable {
  readonly store: ConfigStore
  /** The first snapshot. */
  readonly ready: Promise<ConfigSnapshot>
  /** The last good snapshot; null until there was one. */
  current(): ConfigSnapshot | null
}

/** A store that is starting beside the service is waited for this long before it counts as away, ms. */
const connectWithinMs = 2000

/** A service's view of the configuration: connects to the store and follows it until disposed. */
export async function followConfig(options: FollowOptions, log: ProblemLog): Promise<FollowedConfig> {
  let away = false
  const redis = connectConfigRedis({ url: options.redisUrl, name: `${options.instance}-config` }, (cause) => {
    if (!away) log.warn({ err: cause }, 'configuration store unreachable')
    away = true
  })
  redis.on('ready', () => (away = false))
  await Promise.race([once(redis, 'ready'), sleep(connectWithinMs, undefined, { ref: false })])
  const store = new ConfigStore({ keyPrefix: options.keyPrefix }, { redis })
  const watch = watchConfig({
    store,
    author: options.instance,
    ...(options.onChange === undefined ? {} : { onChange: options.onChange }),
    onProblem: ({ kind, message, cause }) =>
      log.warn({ kind, ...(cause === undefined ? {} : { err: cause }) }, `configuration: ${message}`),
  })
  return {
    store,
    ready: watch.ready,
    current: () => watch.current(),
    async [Symbol.asyncDispose]() {
      await watch.stop()
      redis.disconnect()
    },
  }
}
