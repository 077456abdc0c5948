import { Bus } from '@penstock/bus'
import { WorkerBeat, beatEveryMs, workerBeat } from '@penstock/contracts'
import type { NodeState } from '@penstock/contracts'
import { startTestNats } from '@penstock/testkit'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { runCli } from './run-cli.ts'

let nats: Awaited<ReturnType<typeof startTestNats>>
let bus: Bus
let prefix = 0
beforeAll(async () => {
  nats = await startTestNats()
})
afterAll(() => nats.stop())
beforeEach(async () => {
  prefix += 1
  const fail = (problem: object): never => expect.unreachable(JSON.stringify(problem))
  const names = { name: 'test', subjectPrefix: `nodes-${prefix}` }
  bus = await Bus.connect({ servers: nats.url, ...names, onInvalid: fail, onHandlerError: fail })
})

const node = (name: string, over: Partial<NodeState> = {}): NodeState => ({
  node: name,
  state: 'up',
  inFlight: 1,
  prefillTokens: 100,
  limit: 16,
  lastOkAgoMs: 200,
  ...over,
})
const beating = (worker: string, pools: Record<string, NodeState[]>, sources?: WorkerBeat['sources']): void => {
  const beat = WorkerBeat.parse({
    worker,
    instance: worker,
    draining: false,
    configVersion: 1,
    pools: Object.entries(pools).map(([pool, nodes]) => ({ pool, room: 1, nodes })),
    silentRuns: [],
    ...(sources === undefined ? {} : { sources }),
  })
  const timer = setInterval(() => bus.publish(workerBeat, [], beat), beatEveryMs)
  onTestFinished(async () => {
    clearInterval(timer)
    await bus[Symbol.asyncDispose]()
  })
}
const list = async (...args: string[]): Promise<{ status: number; out: string; err: string }> => {
  const said = { out: '', err: '' }
  const status = await runCli(['node', 'list', ...args], {
    environment: { NATS_URL: nats.url, PENSTOCK_PREFIX: `nodes-${prefix}` },
    folder: '.',
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  })
  return { status, ...said }
}

test('nodes are listed as all workers together see them, with what DNS has trouble with', async () => {
  beating('w-1', { coder: [node('gpu-2'), node('coder@10.0.0.5:8000', { state: 'ejected', lastOkAgoMs: null })] })
  beating('w-2', { coder: [node('gpu-2', { state: 'ejected', lastOkAgoMs: 4000 })], chat: [node('gpu-9')] }, [
    { source: 'coder', nodes: 1, trouble: 'ESERVFAIL for coder.gpu.svc', troubleForMs: 3000 },
  ])
  expect(await list()).toEqual({
    status: 0,
    err: '',
    out:
      [
        'POOL   NODE                 STATE            IN FLIGHT  PREFILL  LAST OK',
        'chat   gpu-9                up               1/16       100      0.2 s',
        'coder  coder@10.0.0.5:8000  ejected          1/16       100      -',
        'coder  gpu-2                ejected 1, up 1  2/32       200      0.2 s',
        'nodes of coder: ESERVFAIL for coder.gpu.svc, for 3 s; the 1 known last stay',
      ].join('\n') + '\n',
  })
  expect(JSON.parse((await list('chat', '--json')).out)).toMatchObject({
    nodes: [{ pool: 'chat', node: 'gpu-9', states: { up: 1 }, limit: 16 }],
  })
  expect(await list('caht')).toMatchObject({
    status: 1,
    err: 'penstock: no worker serves a pool "caht": they serve chat, coder\n',
  })
})

test('no worker at all is one clear line', async () => {
  onTestFinished(() => bus[Symbol.asyncDispose]())
  expect(await list()).toEqual({ status: 1, out: '', err: 'penstock: no worker beats on the bus\n' })
})
