import { generateKeyPairSync } from 'node:crypto'
import dns from 'node:dns'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { testCertificates } from '../http/tls-files.fixture.ts'
import type { IssuerLimits } from './issuer-keys.ts'
import { startTestIssuer } from './issuer.fixture.ts'
import type { TestIssuer } from './issuer.fixture.ts'
import { KeyStore } from './key-store.ts'

type Found = (error: null, addresses: { address: string; family: number }[]) => void

let issuer: TestIssuer
let nowMs: number
let stores: KeyStore[]

beforeEach(async () => {
  issuer = await startTestIssuer()
  nowMs = 1000
  stores = []
})
afterEach(async () => {
  for (const store of stores) store[Symbol.dispose]()
  await issuer[Symbol.asyncDispose]()
})

const silent = { info: () => undefined, warn: () => undefined }
const open = (limits: Partial<IssuerLimits> = {}, issuerUrls = [issuer.url]): KeyStore => {
  const store = new KeyStore(
    { issuerUrls, serviceName: 'gitlab-ai-gateway', limits },
    { now: () => nowMs, log: silent },
  )
  stores.push(store)
  store.start()
  return store
}
const untilReady = (store: KeyStore) =>
  vi.waitFor(() => expect(store.ready).toBe(true), { timeout: 5000, interval: 10 })

describe('keys of an issuer', () => {
  it('are fetched ahead of the first token, from the absolute path', async () => {
    const store = open({}, [`${issuer.url}/gitlab/sub/path`])
    await untilReady(store)
    expect(await store.find(undefined)).toHaveLength(1)
  })

  it('are asked for again until the issuer answers', async () => {
    issuer.bend((response) => response.writeHead(500).end())
    const store = open({ retryMs: 10, retryMaxMs: 20 })
    await vi.waitFor(() => expect(issuer.keySetsServed).toBeGreaterThan(2))
    expect(store.ready).toBe(false)
    issuer.bend(null)
    await untilReady(store)
  })

  it('J6: are fetched at most once a minute under 1,000 unknown key ids', async () => {
    const store = open()
    await untilReady(store)
    const found = await Promise.all(Array.from({ length: 1000 }, (_, index) => store.find(`unknown-${index}`)))
    expect(found.flat()).toEqual([])
    await store.find('one-more')
    expect(issuer.keySetsServed).toBe(2)
    nowMs += 59_000
    await store.find('too-early')
    expect(issuer.keySetsServed).toBe(2)
    nowMs += 1000
    await store.find('late-enough')
    expect(issuer.keySetsServed).toBe(3)
  })

  it('J8: are found at once after a rotation, and the withdrawn one is gone', async () => {
    const store = open()
    await untilReady(store)
    const [old] = await store.find(undefined)
    await issuer.rotate()
    const kid = JSON.parse(Buffer.from((await issuer.sign()).split('.')[0] as string, 'base64url').toString())
      .kid as string
    expect(await store.find(kid)).toHaveLength(1)
    expect(await store.find(old?.kid)).toEqual([])
  })

  it('J12: stay for 24 h while the issuer is away, and not longer', async () => {
    const store = open({ refreshMs: 20, retryMs: 5, retryMaxMs: 10 })
    await untilReady(store)
    issuer.bend((response) => response.destroy())
    const servedSoFar = issuer.keySetsServed
    await vi.waitFor(() => expect(issuer.keySetsServed).toBeGreaterThan(servedSoFar + 1))
    nowMs += 23 * 3_600_000
    expect(await store.find(undefined)).toHaveLength(1)
    nowMs += 2 * 3_600_000
    expect(await store.find(undefined)).toEqual([])
  })

  it.each([
    ['too large', (body: string) => body + ' '.repeat(70_000)],
    ['with more than 20 keys', (body: string) => JSON.stringify({ keys: Array(21).fill(JSON.parse(body).keys[0]) })],
    ['no JSON', () => '<html>'],
    ['without RSA keys', () => JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }] })],
    ['10 MB', (body: string) => body + ' '.repeat(10_000_000)],
    [
      'with 1,000 keys',
      (body: string) => {
        const { n, e } = (JSON.parse(body) as { keys: { n: string; e: string }[] }).keys[0] as { n: string; e: string }
        return JSON.stringify({ keys: Array(1000).fill({ kty: 'RSA', n: n.slice(0, 8), e }) })
      },
    ],
  ])('J13: stay when the new set is %s', async (_what, bend) => {
    const store = open()
    await untilReady(store)
    const good = await (await fetch(`${issuer.url}/oauth/discovery/keys`)).text()
    issuer.bend((response) => response.end(bend(good)))
    expect(await store.find('unknown')).toEqual([])
    expect(await store.find(undefined)).toHaveLength(1)
  })

  it.each([512, 1024, 2047])('J13: of %i bits are not accepted', async (modulusLength) => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength })
    issuer.bend((response) =>
      response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'short' }] })),
    )
    const store = open()
    expect(await store.find('short')).toEqual([])
    expect(store.ready).toBe(false)
  })

  it('J13: are not fetched through a redirect', async () => {
    let elsewhere = 0
    const other = createServer((_request, response) => {
      elsewhere++
      response.end('{}')
    }).listen(0, '127.0.0.1')
    await once(other, 'listening')
    issuer.bend((response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/` }).end(),
    )
    const store = open()
    await store.find('any')
    expect(store.ready).toBe(false)
    expect(elsewhere).toBe(0)
    other.close()
  })

  it('J13: are not fetched without TLS for an issuer that has it', async () => {
    const { name, cert, key } = testCertificates.first
    let asked = 0
    const plain = `${issuer.url}/oauth/discovery/keys`
    const secure = createTlsServer({ cert, key }, (_request, response) => {
      asked++
      response.end(JSON.stringify({ jwks_uri: plain }))
    }).listen(0, '127.0.0.1')
    await once(secure, 'listening')
    const authorities = getCACertificates('default')
    setDefaultCACertificates([...authorities, cert])
    const lookup = vi
      .spyOn(dns, 'lookup')
      .mockImplementation(((_name: string, _options: object, done: Found) =>
        done(null, [{ address: '127.0.0.1', family: 4 }])) as typeof dns.lookup)
    try {
      const store = open({}, [`https://${name}:${(secure.address() as AddressInfo).port}`])
      await store.find('any')
      expect([asked > 0, store.ready, issuer.keySetsServed]).toEqual([true, false, 0])
    } finally {
      lookup.mockRestore()
      setDefaultCACertificates(authorities)
      secure.close()
      secure.closeAllConnections()
    }
  })

  it('come from the issuers that can be reached', async () => {
    await using second = await startTestIssuer()
    const store = open({}, [issuer.url, second.url, 'http://127.0.0.1:1'])
    await untilReady(store)
    await vi.waitFor(async () => expect(await store.find(undefined)).toHaveLength(2))
  })
})

describe('keys of our own', () => {
  it('are the public halves of both PEM keys, by name', async () => {
    const pem = generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString()
    using store = new KeyStore(
      { issuerUrls: [], serviceName: 'gw', signingKey: pem, validationKey: pem },
      { now: () => 0, log: silent },
    )
    expect(store.ready).toBe(true)
    expect(await store.find('gw_signing_key')).toHaveLength(1)
    expect(await store.find('gw_validation_key')).toHaveLength(1)
  })

  it('that are short stop the start', () => {
    const pem = generateKeyPairSync('rsa', { modulusLength: 1024 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString()
    expect(
      () => new KeyStore({ issuerUrls: [], serviceName: 'gw', signingKey: pem }, { now: () => 0, log: silent }),
    ).toThrow('2048')
  })
})
