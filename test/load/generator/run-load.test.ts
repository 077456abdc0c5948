import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { spawnGuarded } from '@penstock/local-stack'
import { afterEach, expect, test } from 'vitest'
import { questionBody, rightAnswer } from '../bench-question.ts'
import { LatencyRecorder } from '../latency.ts'
import type { WorkloadRequest } from '../workloads/workload.ts'
import { judge } from './judge.ts'
import type { Judgement } from './judge.ts'
import { runLoad } from './run-load.ts'
import type { EndedRequest } from './run-load.ts'

let server: Server | undefined
afterEach(() => server?.closeAllConnections())

const answer = (text: string): string =>
  [{ delta: { role: 'assistant', content: '' } }, { delta: { content: text } }, { delta: {}, finish_reason: 'stop' }]
    .map((choice) => `data: ${JSON.stringify({ choices: [choice] })}\n\n`)
    .join('') + 'data: [DONE]\n\n'

const listen = async (listener: RequestListener): Promise<string> => {
  const listening = createServer(listener)
  server = listening
  await new Promise<void>((done) => listening.listen(0, '127.0.0.1', done))
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
}

const load = async (
  listener: RequestListener,
  instants: number[],
  {
    drainMs = 5000,
    cutAfterMs = null,
    threads = 1,
  }: { drainMs?: number; cutAfterMs?: number | null; threads?: number } = {},
) => {
  const ended: EndedRequest[] = []
  await runLoad(
    instants.map((atMs) => ({
      atMs,
      origin: 0,
      path: '/',
      headers: {},
      cutAfterMs,
      makeBody: () => Buffer.from('{}'),
    })),
    { origins: [await listen(listener)], silenceMs: 5000, drainMs, threads, onEnded: (one) => ended.push(one) },
  )
  const inOrder = ended.toSorted((a, b) => a.index - b.index)
  return { ended: inOrder, judged: inOrder.map((one) => judge(one, () => Buffer.from('deep sea'))) }
}

test('requests leave at their instants while earlier ones are still unanswered', async () => {
  const held: (() => void)[] = []
  const { judged } = await load(
    (_, response) => {
      held.push(() => response.end(answer('deep sea')))
      if (held.length === 3) for (const release of held) release()
    },
    [0, 30, 60],
  )
  expect(judged.map(({ outcome }) => outcome)).toEqual(['right', 'right', 'right'])
  expect(judged[0]?.ttftMs).toBeGreaterThanOrEqual(50)
})

test('several threads share a plan: each request is sent once, and keeps its place', async () => {
  let asked = 0
  const instants = Array.from({ length: 21 }, (_, index) => index)
  const { ended, judged } = await load((_, response) => void response.end(answer(`sea ${asked++}`)), instants, {
    threads: 3,
  })
  expect(asked).toBe(21)
  expect(ended.map(({ index }) => index)).toEqual(instants)
  expect(judged.every(({ outcome }) => outcome === 'wrong')).toBe(true)
})

test('latency counts from the intended instant, also when the server stalls', async () => {
  const { judged } = await load((_, response) => void setTimeout(() => response.end(answer('deep sea')), 100), [0, 10])
  for (const { ttftMs } of judged) expect(ttftMs).toBeGreaterThanOrEqual(90)
})

test('every token has the instant at which its bytes came', async () => {
  const { judged } = await load(
    (_, response) => {
      response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: 'deep' } }] })}\n\n`)
      setTimeout(() => response.end(answer(' sea')), 250)
    },
    [0],
  )
  const [first = 0, second = 0] = judged[0]?.tokenMs ?? []
  expect(judged[0]).toMatchObject({ outcome: 'right', ttftMs: first })
  expect(second - first).toBeGreaterThan(0)
})

test('wrong bytes, refusals, cut streams and answers without end are told apart by name', async () => {
  let asked = 0
  const { judged } = await load(
    (_, response) => {
      asked++
      if (asked === 1) response.end(answer('deep see'))
      else if (asked === 2) response.writeHead(429, { 'retry-after': '3' }).end('{}')
      else if (asked === 3) response.end(answer('deep sea').replace('data: [DONE]\n\n', ''))
      else response.write(answer('deep'), () => response.destroy())
    },
    [0, 60, 120, 180],
  )
  expect(judged.slice(0, 3)).toMatchObject([
    { outcome: 'wrong', reason: 'wrong bytes' },
    { outcome: 'refused', reason: null },
    { outcome: 'wrong', reason: 'no clean end' },
  ])
  expect(judged[3]?.reason).toMatch(/^broken/)
})

test('a client that goes away as planned cuts the stream and is not blamed', async () => {
  const gone = Promise.withResolvers<void>()
  const { judged } = await load(
    (_, response) => {
      response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: 'deep' } }] })}\n\n`)
      response.once('close', gone.resolve)
    },
    [0],
    { cutAfterMs: 100 },
  )
  await gone.promise
  expect(judged).toMatchObject([{ outcome: 'cut', reason: null }])
  expect(judged[0]?.endMs).toBeGreaterThanOrEqual(90)
})

test('an answer that never ends is cut when the load is over', async () => {
  const { ended } = await load((_, response) => void response.write('data: {}\n\n'), [0], { drainMs: 100 })
  expect(ended).toMatchObject([{ cut: true, status: 200 }])
})

test('an aborted load sends nothing more and rejects', async () => {
  let asked = 0
  const origin = await listen((_, response) => {
    asked++
    response.write('data: {}\n\n')
  })
  const controller = new AbortController()
  const plan = [0, 50, 60_000].map((atMs) => ({
    atMs,
    origin: 0,
    path: '/',
    headers: {},
    cutAfterMs: null,
    makeBody: () => Buffer.from('{}'),
  }))
  const options = { origins: [origin], silenceMs: 5000, drainMs: 60_000, signal: controller.signal }
  const loading = runLoad(plan, { ...options, onStart: () => setTimeout(() => controller.abort(), 200), onEnded() {} })
  await expect(loading).rejects.toThrow(/abort/)
  expect(asked).toBeLessThanOrEqual(2)
})

test('a server that is frozen for 2 s shows it in the p99 of an open loop', async () => {
  const ready = Promise.withResolvers<string>()
  const node = await spawnGuarded({
    command: process.execPath,
    args: [resolve(import.meta.dirname, '../../../packages/vllm-sim/src/main.ts')],
    env: { PATH: process.env['PATH'], VLLM_SIM_TTFT_MS: '5', VLLM_SIM_ITL_MS: '1' },
    output(line) {
      if (line.includes('"ready":true')) ready.resolve((JSON.parse(line) as { url: string }).url)
    },
    lifeline: true,
  })
  try {
    const { origin } = new URL(await ready.promise)
    const questions = Array.from({ length: 200 }, (_, index): WorkloadRequest => ({
      atMs: index * 20,
      lane: 'interactive',
      user: 0,
      session: String(index),
      prompt: [{ seed: String(index), tokens: 20 }],
      outputTokens: 3,
      cutAfterMs: null,
    }))
    const judged: Judgement[] = []
    const ttft = new LatencyRecorder()
    await runLoad(
      questions.map((question) => ({
        atMs: question.atMs,
        origin: 0,
        path: '/v1/chat/completions',
        headers: {},
        cutAfterMs: null,
        makeBody: () => questionBody(question, 'penstock-sim'),
      })),
      {
        origins: [origin],
        silenceMs: 10_000,
        drainMs: 10_000,
        onStart() {
          setTimeout(() => node.kill('SIGSTOP'), 500)
          setTimeout(() => node.kill('SIGCONT'), 2500)
        },
        onEnded(ended) {
          const judgement = judge(ended, () => rightAnswer(questions[ended.index] as WorkloadRequest))
          judged.push(judgement)
          if (judgement.ttftMs !== null) ttft.record(judgement.ttftMs)
        },
      },
    )
    expect(judged.filter(({ outcome }) => outcome !== 'right')).toEqual([])
    expect(ttft.percentiles().p99).toBeGreaterThan(1700)
    // A closed loop would have sent one request into the freeze: 1 of 200 does not move the p99.
    expect(judged.filter(({ ttftMs }) => (ttftMs ?? 0) > 1000).length).toBeGreaterThan(20)
  } finally {
    node.kill('SIGCONT')
    await node.end(2000)
  }
}, 30_000)
