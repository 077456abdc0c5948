import { Resolver } from 'node:dns/promises'
import { startTestDns } from '@penstock/testkit'
import type { TestDns } from '@penstock/testkit'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { resolveSource } from './resolve-source.ts'

let dns: TestDns
let resolver: Resolver
beforeAll(async () => {
  dns = await startTestDns()
  resolver = new Resolver({ timeout: 100, tries: 1 })
  resolver.setServers([dns.server])
})
afterAll(() => dns[Symbol.asyncDispose]())
beforeEach(() => dns.break(null))

const byAddress = (networks?: string[], url = 'http://coder.test:8000/v1') =>
  resolveSource(resolver, { url, discover: { kind: 'dns-address', everyMs: 1000, networks } })
const byService = (networks?: string[]) =>
  resolveSource(resolver, {
    url: 'http://coder.test/v1',
    discover: { kind: 'dns-srv', service: '_http._tcp.coder.test', everyMs: 1000, networks },
  })

test('a name with A records is its addresses at the port of the URL, asked anew each time', async () => {
  dns.set('coder.test', { a: ['10.0.0.1', '10.0.0.2'], aaaa: ['fd00::1'] })
  expect(await byAddress()).toEqual({
    kind: 'addresses',
    addresses: [
      { ip: '10.0.0.1', port: 8000 },
      { ip: '10.0.0.2', port: 8000 },
    ],
    leftOut: null,
  })
  dns.set('coder.test', { a: ['10.0.0.3'] })
  expect(await byAddress(undefined, 'https://coder.test/v1')).toMatchObject({
    addresses: [{ ip: '10.0.0.3', port: 443 }],
  })
})

test('a name with AAAA records alone is those', async () => {
  dns.set('coder.test', { aaaa: ['fd00:0:0::5'] })
  expect(await byAddress()).toMatchObject({ addresses: [{ ip: 'fd00::5', port: 8000 }] })
})

test('a service is the addresses of its targets, each with its own port; a target that is gone is left out', async () => {
  dns.set('_http._tcp.coder.test', {
    srv: [
      { target: 'a.coder.test', port: 8001 },
      { target: 'b.coder.test', port: 8002 },
      { target: 'gone.coder.test', port: 8003 },
    ],
  })
  dns.set('a.coder.test', { a: ['10.0.0.1'] })
  dns.set('b.coder.test', { aaaa: ['fd00::2'] })
  expect(await byService()).toMatchObject({
    kind: 'addresses',
    addresses: [
      { ip: '10.0.0.1', port: 8001 },
      { ip: 'fd00::2', port: 8002 },
    ],
  })
})

test('a name that does not exist is an answer without addresses; a server that fails or is silent is no answer', async () => {
  dns.set('coder.test', null)
  expect(await byAddress()).toEqual({ kind: 'addresses', addresses: [], leftOut: null })
  dns.break('servfail')
  expect(await byAddress()).toEqual({ kind: 'failed', reason: 'ESERVFAIL for coder.test' })
  dns.break('silent')
  expect(await byService()).toEqual({ kind: 'failed', reason: 'ETIMEOUT for _http._tcp.coder.test' })
})

test('DNS never leads to this machine, its link or everybody, unless the configuration names that network', async () => {
  const hostile = ['127.0.0.1', '0.0.0.0', '169.254.169.254', '224.0.0.1', '255.255.255.255']
  dns.set('coder.test', { a: [...hostile, '10.0.0.1'] })
  expect(await byAddress()).toMatchObject({
    addresses: [{ ip: '10.0.0.1' }],
    leftOut: 'left out 5 of 6 addresses that are not in its networks, 127.0.0.1 first',
  })
  const hostile6 = ['::1', '::', 'fe80::1', 'ff02::1', '::ffff:127.0.0.1', 'fd00:ec2::254']
  dns.set('coder.test', { aaaa: hostile6 })
  expect(await byAddress()).toMatchObject({ addresses: [], leftOut: expect.stringMatching(/^left out 6 of 6/) })
  dns.set('coder.test', { a: ['127.0.0.1', '10.0.0.1'] })
  expect(await byAddress(['127.0.0.0/8', 'fd00::/8'])).toMatchObject({ addresses: [{ ip: '127.0.0.1' }] })
})

test('a service of absurdly many targets is refused before each of them is asked for', async () => {
  dns.set('_http._tcp.coder.test', {
    srv: Array.from({ length: 1100 }, (_, n) => ({ target: `t${n}.test`, port: 8000 })),
  })
  const before = dns.asked
  expect(await byService()).toMatchObject({ kind: 'failed' })
  expect(dns.asked - before).toBeLessThan(5)
})
