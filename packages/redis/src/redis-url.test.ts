import { expect, test } from 'vitest'
import { readRedisUrl } from './redis-url.ts'

test.each([
  ['redis://127.0.0.1', { host: '127.0.0.1', port: 6379, db: 0 }],
  ['redis://u:p%40ss@cache.test:7000/3', { host: 'cache.test', port: 7000, db: 3, username: 'u', password: 'p@ss' }],
  ['redis://:secret@[::1]:7000', { host: '::1', port: 7000, db: 0, password: 'secret' }],
  ['rediss://cache.test', { host: 'cache.test', port: 6379, db: 0, tls: {} }],
  [
    'redis-sentinel://u:p@one.test,two.test:26000/main?db=2',
    {
      sentinels: [
        { host: 'one.test', port: 26_379 },
        { host: 'two.test', port: 26_000 },
      ],
      name: 'main',
      db: 2,
      username: 'u',
      password: 'p',
    },
  ],
])('%s says where Redis is', (url, address) => {
  expect(readRedisUrl(url)).toEqual(address)
})

test('Sentinels that are reached by TLS lead to a primary that is', () => {
  expect(readRedisUrl('rediss-sentinel://one.test/main')).toMatchObject({
    tls: {},
    enableTLSForSentinelMode: true,
    sentinelTLS: {},
  })
})

test.each([
  'http://cache.test',
  'redis://',
  'redis://one.test,two.test',
  'redis://cache.test/x',
  'redis-sentinel://one.test',
  'redis-sentinel://one.test/main?db=x',
  'cache.test:6379',
])('%s is no address of Redis', (url) => {
  expect(readRedisUrl(url)).toBeNull()
})
