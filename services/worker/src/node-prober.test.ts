import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigDocument } from '@penstock/config'
import { createLogger } from '@penstock/runtime'
import { expect, onTestFinished, test } from 'vitest'
import { NodeProber } from './node-prober.ts'
import { NodeSet } from './node-set.ts'

const log = createLogger({ service: 'x', instance: 'x', level: 'silent' }, { write: () => undefined })

interface Script {
  sleeps: boolean
  served: string
  startedAt: number
  /** Status of `/health`. */
  health: number
  /** Status of a call; null: no answer at all. */
  callStatus: number | null
}

/** A node that says what the script says, and a prober that looks after it. */
const probed = async (script: Script) => {
  const calls: string[] = []
  const server = createServer((request, response) => {
    calls.push(request.url ?? '')
    if (request.url === '/health') response.writeHead(script.health).end()
    else if (request.url === '/v1/models') response.end(JSON.stringify({ data: [{ id: script.served }] }))
    else if (request.url === '/metrics')
      response.end(
        `process_start_time_seconds ${script.startedAt}\n` +
          `vllm:engine_sleep_state{sleep_state="awake"} ${script.sleeps ? 0 : 1}\n` +
          `vllm:engine_sleep_state{sleep_state="weights_offloaded"} ${script.sleeps ? 1 : 0}\n`,
      )
    else if (script.callStatus !== null) {
      response.writeHead(script.callStatus, { 'content-type': 'text/event-stream' })
      response.end('data: {"choices":[{"text":"a","finish_reason":"length"}]}\n\ndata: [DONE]\n\n')
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void (server.closeAllConnections(), server.close()))
  const set = new NodeSet({
    self: 'self',
    readCredential: () => '',
    workersOf: () => ['self'],
    othersAt: () => ({ inFlight: 0, prefillTokens: 0 }),
    roomMade: () => undefined,
    now: () => performance.now(),
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  set.configure(ConfigDocument.parse({ nodes: [{ name: 'a', url }], pools: [{ name: 'p', nodes: ['a'] }], models: [] }))
  const prober = new NodeProber({ nodes: set, log, servedNamesOf: () => ['m'], now: () => performance.now() })
  onTestFinished(async () => {
    prober[Symbol.dispose]()
    await set.close()
  })
  const [node] = set.all
  const die = (): void => void (server.closeAllConnections(), server.close())
  return { node: node!, set, calls, die }
}
const healthy = (): Script => ({ sleeps: false, served: 'm', startedAt: 1000, health: 200, callStatus: 200 })
const until = (what: () => unknown) => expect.poll(what, { timeout: 8000, interval: 20 })

test('a node that failed gets work again once it answers one token, and not before', async () => {
  const script = { ...healthy(), callStatus: 500 }
  const { node, set, calls } = await probed(script)
  set.failed(node)
  await until(() => node.health.failures).toBe(2)
  expect(node.health.probeAt).not.toBeNull()
  script.callStatus = 200
  await until(() => node.health.probeAt).toBeNull()
  expect(calls.filter((url) => url === '/v1/completions').length).toBeGreaterThanOrEqual(2)
})

test('a node that sleeps gets no work until it is awake', async () => {
  const script = { ...healthy(), sleeps: true }
  const { node, set } = await probed(script)
  await until(() => set.states('p')[0]?.state).toBe('asleep')
  script.sleeps = false
  node.checkSoon = true
  await until(() => set.states('p')[0]?.state).toBe('up')
})

test('a node that nobody calls and that is gone is out before a call has to find out', async () => {
  const { set, node, calls, die } = await probed(healthy())
  await until(() => calls.length).toBeGreaterThan(0)
  die()
  node.checkSoon = true
  await until(() => set.states('p')[0]?.state).toBe('ejected')
})

test('a node whose engine is dead says so at /health and is out, but not while it answers calls', async () => {
  const script = { ...healthy(), health: 503 }
  const { set, node, calls } = await probed(script)
  set.answered(node)
  node.checkSoon = true
  await until(() => calls.includes('/health')).toBe(true)
  await until(() => node.checkSoon).toBe(false)
  expect(set.states('p')[0]?.state).toBe('up')
  node.health = { ...node.health, lastOkAt: null }
  node.checkSoon = true
  await until(() => set.states('p')[0]?.state).toBe('ejected')
})

test('a node that failed because it sleeps is not sent a call that it would keep until it wakes', async () => {
  const script = { ...healthy(), sleeps: true }
  const { set, node, calls } = await probed(script)
  set.failed(node)
  await until(() => node.health.failures).toBe(2)
  expect(calls).not.toContain('/v1/completions')
  script.sleeps = false
  await until(() => set.states('p')[0]?.state).toBe('up')
})

test('a node that serves another model than the configuration says gets no work', async () => {
  const { node, set } = await probed({ ...healthy(), served: 'other' })
  await until(() => set.states('p')[0]?.state).toBe('wrong-model')
  expect(node.models?.answersAs('other')).toEqual(['other'])
})

test('what was learned of a node is forgotten when its process is another one', async () => {
  const script = healthy()
  const { node, calls } = await probed(script)
  node.control.prefilled({ tokens: 10_000, tookMs: 500 })
  const seen = () => calls.filter((url) => url === '/metrics').length
  await until(seen).toBe(1)
  expect(node.control.prefillTokensPerSecond).toBe(20_000)
  script.startedAt = 2000
  node.checkSoon = true
  await until(() => node.control.prefillTokensPerSecond).toBe(4000)
})
