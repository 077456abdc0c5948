import { ConfigDocument } from '@penstock/config'
import { createLogger } from '@penstock/runtime'
import { startTestDns, waitFor } from '@penstock/testkit'
import type { TestDns } from '@penstock/testkit'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { NodeDiscovery } from './node-discovery.ts'

let dns: TestDns
beforeAll(async () => {
  dns = await startTestDns()
})
afterAll(() => dns[Symbol.asyncDispose]())
beforeEach(() => dns.break(null))

const documentOf = (...entries: object[]): ConfigDocument =>
  ConfigDocument.parse({ nodes: entries, pools: [], models: [] })
const coder = (discover: object = {}, url = 'http://coder.test:8000/v1') => ({
  name: 'coder',
  url,
  discover: { kind: 'dns-address', everyMs: 100, ...discover },
})

const following = (document: ConfigDocument) => {
  const lines: string[] = []
  const log = createLogger({ service: 'x', instance: 'x', level: 'info' }, { write: (line) => void lines.push(line) })
  let changes = 0
  const discovery = new NodeDiscovery(
    { servers: [dns.server] },
    { log, now: () => performance.now(), onChange: () => void (changes += 1) },
  )
  onTestFinished(() => discovery[Symbol.dispose]())
  discovery.configure(document)
  const ips = () => (discovery.addresses.get('coder') ?? []).map(({ ip }) => ip)
  return { discovery, lines, ips, changes: () => changes }
}
const until = (what: () => unknown, is: unknown) =>
  waitFor(() => JSON.stringify(what()) === JSON.stringify(is), { what: JSON.stringify(is) })

test('nodes that DNS names join, and those that it names no more leave, each change told once', async () => {
  dns.set('coder.test', { a: ['10.0.0.1'] })
  const { ips, changes } = following(documentOf(coder()))
  await until(ips, ['10.0.0.1'])
  dns.set('coder.test', { a: ['10.0.0.3', '10.0.0.1', '10.0.0.2'] })
  await until(ips, ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  dns.set('coder.test', { a: ['10.0.0.2', '10.0.0.3'] })
  await until(ips, ['10.0.0.2', '10.0.0.3'])
  const asked = dns.asked
  await waitFor(() => dns.asked > asked + 4, { what: 'further questions' })
  expect(changes()).toBe(3)
})

test('an answer that is empty, an error or missing leaves the nodes known last, is logged once and shown until it is over', async () => {
  dns.set('coder.test', { a: ['10.0.0.1'] })
  const { discovery, lines, ips } = following(documentOf(coder()))
  await until(ips, ['10.0.0.1'])
  const trouble = () => discovery.states()[0]?.trouble
  const logged = (part: string) => lines.filter((line) => line.includes(part)).length
  dns.set('coder.test', null)
  await until(trouble, 'the answer names no address')
  dns.break('servfail')
  await until(trouble, 'ESERVFAIL for coder.test')
  const asked = dns.asked
  await waitFor(() => dns.asked > asked + 4, { what: 'further questions' })
  expect(ips()).toEqual(['10.0.0.1'])
  expect(discovery.states()).toEqual([
    { source: 'coder', nodes: 1, trouble: 'ESERVFAIL for coder.test', troubleForMs: expect.any(Number) },
  ])
  expect(discovery.states()[0]?.troubleForMs).toBeGreaterThan(0)
  expect([logged('names no address'), logged('ESERVFAIL')]).toEqual([1, 1])
  dns.set('coder.test', { a: ['10.0.0.1'] })
  dns.break(null)
  await until(trouble, null)
  expect(logged('DNS answers again')).toBe(1)
})

test('a change of the entry takes effect at once, and what was known stays until its first answer', async () => {
  dns.set('coder.test', { a: ['10.0.0.1'] })
  dns.set('other.test', { a: ['10.0.0.9'] })
  const { discovery, ips } = following(documentOf(coder({ everyMs: 3_600_000 })))
  await until(ips, ['10.0.0.1'])
  discovery.configure(documentOf(coder({}, 'http://other.test:8000/v1')))
  expect(ips()).toEqual(['10.0.0.1'])
  await until(ips, ['10.0.0.9'])
  discovery.configure(documentOf())
  expect([...discovery.addresses]).toEqual([])
  discovery.configure(documentOf(coder()))
  await until(ips, ['10.0.0.1'])
})
