import type { RedisOptions } from 'ioredis'

/** Where Redis is, as far as a connection needs it. */
type RedisAddress = Pick<
  RedisOptions,
  | 'host'
  | 'port'
  | 'username'
  | 'password'
  | 'db'
  | 'tls'
  | 'sentinels'
  | 'name'
  | 'enableTLSForSentinelMode'
  | 'sentinelTLS'
>

/** What `REDIS_URL` may look like, for error messages. */
export const redisUrlForms =
  'redis://[user:password@]host[:port][/db], rediss://… for TLS, or redis-sentinel://[user:password@]host[:port],host[:port],…/primary-name[?db=0] (rediss-sentinel:// for TLS)'

const sentinelPort = 26_379
const redisPort = 6379
const form =
  /^(?<scheme>rediss?(?:-sentinel)?):\/\/(?:(?<auth>[^@/]*)@)?(?<hosts>[^/?]+)(?:\/(?<path>[^?]*))?(?:\?(?<query>.*))?$/

/**
 * Reads `REDIS_URL`. Several hosts are Sentinels that know where the primary of the given name is; credentials and db are the
 * primary's. Null: it is no such URL.
 */
export const readRedisUrl = (url: string): RedisAddress | null => {
  const { scheme, auth, hosts, path = '', query = '' } = form.exec(url)?.groups ?? {}
  if (scheme === undefined || hosts === undefined) return null
  const addresses = hosts
    .split(',')
    .map((host) => addressOf(host, scheme.endsWith('-sentinel') ? sentinelPort : redisPort))
  if (addresses.includes(null)) return null
  const credentials = credentialsOf(auth)
  const tls = scheme.startsWith('rediss') ? { tls: {} } : {}
  if (!scheme.endsWith('-sentinel')) {
    const [first] = addresses
    if (addresses.length !== 1 || first === null || first === undefined || !/^\d*$/.test(path)) return null
    return { ...first, ...credentials, ...tls, db: Number(path) }
  }
  const db = new URLSearchParams(query).get('db') ?? '0'
  if (path === '' || !/^\d+$/.test(db)) return null
  return {
    sentinels: addresses.flatMap((address) => address ?? []),
    name: decodeURIComponent(path),
    ...credentials,
    ...tls,
    ...(scheme.startsWith('rediss') ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
    db: Number(db),
  }
}

const addressOf = (text: string, defaultPort: number): { host: string; port: number } | null => {
  const { host, port } = /^(?<host>\[[^\]]+\]|[^:[\]]+)(?::(?<port>\d{1,5}))?$/.exec(text)?.groups ?? {}
  if (host === undefined) return null
  return { host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? defaultPort : Number(port) }
}

const credentialsOf = (auth: string | undefined): Pick<RedisAddress, 'username' | 'password'> => {
  if (auth === undefined || auth === '') return {}
  const [username = '', ...rest] = auth.split(':')
  const password = rest.length === 0 ? {} : { password: decodeURIComponent(rest.join(':')) }
  return { ...(username === '' ? {} : { username: decodeURIComponent(username) }), ...password }
}
