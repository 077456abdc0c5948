import { once } from 'node:events'
import { connectConfigRedis, ConfigStore, ConfigStoreUnavailable, StoredConfigInvalid } from '@penstock/config'
import { readRedisUrl, redisUrlForms } from '@penstock/redis'
import { CommandFailed } from './outside.ts'
import type { Outside } from './outside.ts'

const connectWithinMs = 3000
const defaultRedisUrl = 'redis://127.0.0.1:6379'

/** Runs one piece of work on the configuration store that `REDIS_URL` and `PENSTOCK_PREFIX` name. */
export const withStore = async <T>({ environment }: Outside, work: (store: ConfigStore) => Promise<T>): Promise<T> => {
  const url = environment['REDIS_URL'] || defaultRedisUrl
  if (readRedisUrl(url) === null) throw new CommandFailed(`REDIS_URL must be ${redisUrlForms}`)
  let lastError: Error | null = null
  const redis = connectConfigRedis({ url, name: 'penstock-cli' }, (cause) => {
    lastError = cause
  })
  const unreachable = (cause: unknown): CommandFailed =>
    new CommandFailed(`no configuration store at ${withoutPassword(url)} (${reasonOf(cause)}): set REDIS_URL`, {
      cause,
    })
  try {
    try {
      await once(redis, 'ready', { signal: AbortSignal.timeout(connectWithinMs) })
    } catch (cause) {
      throw unreachable(lastError ?? cause)
    }
    return await work(new ConfigStore({ keyPrefix: environment['PENSTOCK_PREFIX'] || 'penstock' }, { redis }))
  } catch (error) {
    if (error instanceof ConfigStoreUnavailable) throw unreachable(error.cause)
    if (error instanceof StoredConfigInvalid) throw new CommandFailed(error.message, { cause: error })
    throw error
  } finally {
    redis.disconnect()
  }
}

const withoutPassword = (url: string): string => url.replace(/\/\/[^@/]*@/, '//')

const reasonOf = (cause: unknown): string => {
  const { code, message } = cause as NodeJS.ErrnoException
  return typeof code === 'string' ? code : message
}
