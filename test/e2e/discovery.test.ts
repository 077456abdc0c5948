import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCli } from '@penstock/cli'
import type { ConfigDocumentInput } from '@penstock/config'
import { freePort } from '@penstock/local-stack'
import { startTestDns, waitFor } from '@penstock/testkit'
import type { TestDns } from '@penstock/testkit'
import { startSimulatedNode } from '@penstock/vllm-sim'
import type { SimulatedNode } from '@penstock/vllm-sim'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chatQuestion } from '../stack/chat-question.ts'
import { ChatStream } from '../stack/chat-stream.ts'
import { testModel } from '../stack/seed-config.ts'
import { startTestStack } from '../stack/start-stack.ts'
import type { TestStack } from '../stack/start-stack.ts'

const held = new AsyncDisposableStack()
let dns: TestDns
let nodes: SimulatedNode[]
let stack: TestStack
let document: ConfigDocumentInput

/** Nodes as pods are: each at an address of its own, all at one port. */
const ips = ['127.0.0.1', '127.0.0.2', '127.0.0.3']

beforeAll(async () => {
  dns = held.use(await startTestDns())
  const port = await freePort()
  nodes = await Promise.all(
    ips.map(async (host) => held.use(await startSimulatedNode({ host, port, ttftMs: 20, itlMs: 10 }))),
  )
  dns.set('pods.test', { a: ips.slice(0, 1) })
  stack = held.use(
    await startTestStack({
      nodes: 0,
      workers: 2,
      routers: 1,
      env: { PENSTOCK_DNS_SERVERS: dns.server },
      configure: (seed) => {
        const discover = { kind: 'dns-address' as const, everyMs: 100, networks: ['127.0.0.0/8'] }
        document = {
          ...seed,
          nodes: [{ name: 'pods', url: `http://pods.test:${port}/v1`, discover }],
          pools: [{ name: 'main', nodes: ['pods'] }],
        }
        return document
      },
    }),
  )
  await untilUp(1)
})
afterAll(() => held.disposeAsync())

const metrics = async (): Promise<string> => {
  const port = Number(stack.stack.process('router-1').readyInfo?.['metrics_port'])
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
}
const untilShown = (line: string | RegExp) =>
  waitFor(async () => new RegExp(line).test(await metrics()), { what: String(line), timeoutMs: 20_000 })
const untilUp = (count: number) => untilShown(`penstock_pool_nodes_up\\{pool="main"\\} ${count}\\n`)

interface Outcome {
  readonly status: number
  readonly got: string
  readonly expected: string
  readonly done: boolean
}
let asked = 0

const askOnce = async (model: string = testModel.name): Promise<Outcome> => {
  const id = `discovery ${asked++}`
  const question = chatQuestion({ ...testModel, model, id, promptBytes: 300, maxTokens: 40 })
  const response = await fetch(`${stack.apiUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.openAiKey}`, 'content-type': 'application/json' },
    body: new Uint8Array(question.body),
  })
  let got = ''
  const stream = new ChatStream({ onText: (text) => void (got += text) })
  for await (const bytes of response.body ?? []) stream.take(bytes, 0)
  return { status: response.status, got, expected: question.expected.toString(), done: stream.end.done }
}

/** Six clients, each asking again when it was answered, until `during` is over. */
const askingAllTheTime = async (during: () => Promise<void>): Promise<Outcome[]> => {
  let over = false
  const outcomes: Outcome[] = []
  const client = async (): Promise<void> => {
    while (!over) outcomes.push(await askOnce())
  }
  const clients = Promise.all(Array.from({ length: 6 }, client))
  try {
    await during()
  } finally {
    over = true
    await clients
  }
  return outcomes
}
const arrived = (index: number): number => nodes[index]!.totals().arrived
const untilServing = async (...which: number[]): Promise<void> => {
  const before = which.map(arrived)
  const all = () => which.every((node, index) => arrived(node) >= before[index]! + 3)
  await waitFor(all, { what: `further requests at nodes ${which.join()}`, timeoutMs: 10_000 })
}

test('a pool grows from 1 node to 3 and shrinks to 2 by DNS while requests run: none is lost, refused or wrong', async () => {
  const outcomes = await askingAllTheTime(async () => {
    await untilServing(0)
    dns.set('pods.test', { a: ips })
    await untilUp(3)
    await untilServing(0, 1, 2)
    dns.set('pods.test', { a: ips.slice(1) })
    await untilUp(2)
    const left = arrived(0)
    await waitFor(() => nodes[0]!.totals().running === 0, { what: 'the last answer of the node that left' })
    await untilServing(1, 2)
    expect(arrived(0)).toBe(left)
  })
  const wrong = outcomes.filter(({ status, done, got, expected }) => status !== 200 || !done || got !== expected)
  expect(wrong).toEqual([])
  expect(outcomes.length).toBeGreaterThan(20)
  // What ran on the node that left was not handed over: it ended there.
  expect([...new Set(nodes[0]!.requests().map(({ outcome }) => outcome))]).toEqual(['finished'])
})

test('a name server that fails empties no pool, and metrics, readiness and top say so', async () => {
  dns.break('servfail')
  await untilShown(/penstock_discovery_trouble_seconds\{pool="main",source="pods"\} (?!0\n)/)
  expect(await metrics()).toContain('penstock_discovery_nodes{pool="main",source="pods"} 2')
  const ready = await fetch(`${stack.apiUrl}/monitoring/ready`)
  const sentence = /nodes of pods: ESERVFAIL for pods\.test, for \d+ s; the 2 known last stay/
  expect([ready.status, await ready.json()]).toEqual([
    200,
    { status: 'ready', warnings: [expect.stringMatching(sentence)] },
  ])
  expect((await penstock('top', '--once')).out).toMatch(sentence)
  expect(await askOnce()).toMatchObject({ status: 200, done: true })
  dns.break(null)
  await untilShown('penstock_discovery_trouble_seconds\\{pool="main",source="pods"\\} 0\\n')
})

test('SRV records take over from A records by a change of the configuration, each node at its own port', async () => {
  const lone = held.use(await startSimulatedNode({ host: '127.0.0.4' }))
  dns.set('_http._tcp.pods.test', { srv: [{ target: 'lone.test', port: Number(new URL(lone.url).port) }] })
  dns.set('lone.test', { a: ['127.0.0.4'] })
  const file = join(stack.dataDir, 'srv.yaml')
  const discover = { kind: 'dns-srv', service: '_http._tcp.pods.test', everyMs: 100, networks: ['127.0.0.4/32'] }
  const changed = { ...document, nodes: document.nodes.map((node) => ({ ...node, discover })) }
  await writeFile(file, JSON.stringify(changed))
  const outcomes = await askingAllTheTime(async () => {
    expect(await penstock('config', 'apply', file)).toMatchObject({ status: 0 })
    await waitFor(() => lone.totals().arrived >= 10, { what: 'requests at the node of the SRV record' })
  })
  expect(outcomes.filter(({ status, got, expected }) => status !== 200 || got !== expected)).toEqual([])
})

test('an adapter that one node has is asked there, and the nodes without it serve everything else', async () => {
  const holder = held.use(
    await startSimulatedNode({ host: '127.0.0.7', loraAdapters: [{ name: 'sql', path: '/adapters/sql' }] }),
  )
  const urls = [nodes[1]!.url, nodes[2]!.url, holder.url]
  const changed = {
    ...document,
    nodes: urls.map((url, index) => ({ name: `n${index}`, url })),
    pools: [{ name: 'main', nodes: ['n0', 'n1', 'n2'] }],
    models: [
      ...document.models,
      { name: 'sql-coder', family: 'general' as const, servedName: 'sql', pool: 'main', lora: {} },
    ],
  }
  const file = join(stack.dataDir, 'lora.yaml')
  await writeFile(file, JSON.stringify(changed))
  await penstock('config', 'apply', file)
  await untilUp(3)
  const askSql = async (): Promise<number[]> => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => askOnce('sql-coder')))
    return answers.map(({ status }) => status)
  }
  let elsewhere = -1
  // Until a worker has read the nodes' lists it may ask a wrong one, which says 404: another is asked.
  await waitFor(
    async () => {
      const before = arrived(1) + arrived(2)
      expect(await askSql()).toEqual([200, 200, 200, 200])
      elsewhere = arrived(1) + arrived(2)
      return elsewhere === before
    },
    { what: 'requests at the node that has the adapter, and nowhere else', timeoutMs: 10_000 },
  )
  await waitFor(
    async () => {
      expect(await askOnce()).toMatchObject({ status: 200 })
      return arrived(1) + arrived(2) > elsewhere
    },
    { what: 'requests of the base model at the nodes without the adapter' },
  )
})

test('a pool with a waiting room is scaled to zero and back: what came meanwhile is held and answered', async () => {
  const port = await freePort()
  const discover = { kind: 'dns-address' as const, everyMs: 100, networks: ['127.0.0.0/8'] }
  const start = async (host: string) => startSimulatedNode({ host, port, ttftMs: 20, itlMs: 10 })
  const last = await start('127.0.0.5')
  dns.set('zero.test', { a: ['127.0.0.5'] })
  const file = join(stack.dataDir, 'zero.yaml')
  const changed = {
    ...document,
    nodes: [{ name: 'zero', url: `http://zero.test:${port}/v1`, discover }],
    pools: [{ name: 'main', nodes: ['zero'], waitingRoom: { jobsMax: 10, holdMs: 30_000 } }],
  }
  await writeFile(file, JSON.stringify(changed))
  await penstock('config', 'apply', file)
  await waitFor(() => last.totals().arrived >= stack.workers.length, { what: 'the probe of each worker' })
  expect(await askOnce()).toMatchObject({ status: 200 })

  dns.set('zero.test', null)
  await last.crash()
  // One worker learns it from a request, the other by asking.
  await askOnce()
  await untilUp(0)
  const held = Array.from({ length: 5 }, () => askOnce())
  await untilShown(/penstock_queue_depth\{pool="main",lane="interactive"\} 5\n/)
  const next = await start('127.0.0.6')
  dns.set('zero.test', { a: ['127.0.0.6'] })
  for (const { status, got, expected } of await Promise.all(held)) expect([status, got]).toEqual([200, expected])
  await next.stop()
})

const penstock = async (...args: string[]): Promise<{ status: number; out: string }> => {
  let out = ''
  const status = await runCli(args, {
    environment: { NATS_URL: stack.stack.natsUrl, REDIS_URL: stack.stack.redisUrl, USER: 'test' },
    folder: stack.dataDir,
    out: (text) => void (out += text),
    err: (text) => void (out += text),
  })
  return { status, out }
}
