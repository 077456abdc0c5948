import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { events, post, textOf, until } from '../test/ask-node.ts'
import { expectedText, startSimulatedNode } from './index.ts'
import type { SimulatedNode } from './index.ts'

const request = { prompt: 'Water', max_tokens: 8, stream: true }
const whole = expectedText({ model: 'penstock-sim', request })

let node: SimulatedNode
beforeAll(async () => {
  node = await startSimulatedNode({ ttftMs: 1, itlMs: 1 })
})
afterAll(() => node.stop())
beforeEach(() => node.clearFaults())

const admin = async (
  path: string,
  body?: object,
  method = body === undefined ? 'GET' : 'POST',
): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(node.adminUrl + path, { method, ...(body && { body: JSON.stringify(body) }) })
  return { status: response.status, body: await response.json() }
}
const ask = (init?: RequestInit): Promise<Response> => post(node, '/v1/completions', request, init)

test('the admin port tells what truly happened to each request', async () => {
  await events(await ask({ headers: { 'x-request-id': 'seen.1' } }))
  const { body } = await admin('/requests')
  const [record] = (body as { id: string; arrivedAt: number; firstTokenAt: number; finishedAt: number }[]).filter(
    ({ id }) => id === 'seen.1',
  )
  expect(record).toMatchObject({
    outcome: 'finished',
    tokens: 8,
    promptTokens: 1,
    endpoint: 'completion',
    finishReason: 'length',
  })
  expect(record?.firstTokenAt).toBeGreaterThan(record?.arrivedAt ?? Infinity)
  expect(record?.finishedAt).toBeGreaterThan(record?.firstTokenAt ?? Infinity)
  expect((await admin('/totals')).body).toEqual(node.totals())
})

test('settings change while the node runs, and a bad change is refused whole', async () => {
  expect((await admin('/settings', { itlMs: 2 })).body).toMatchObject({ ttftMs: 1, itlMs: 2 })
  expect((await admin('/settings', { itlMs: 3, ttftMs: -1 })).status).toBe(400)
  expect((await admin('/settings', { speed: 3 })).status).toBe(400)
  expect((await admin('/settings')).body).toMatchObject({ itlMs: 2 })
  expect((await admin('/settings', { itlMs: 1, endProbability: 1 })).status).toBe(200)
  const { chunks } = await events(await ask())
  expect(chunks.at(-1)?.choices[0]).toMatchObject({ text: '', finish_reason: 'stop' })
  await admin('/settings', { endProbability: 0 })
})

test('the data port knows no admin route', async () => {
  for (const path of ['/requests', '/totals', '/settings', '/fault'])
    expect((await fetch(node.origin + path)).status).toBe(404)
})

test('error faults strike as many requests as armed, then the node is well', async () => {
  await admin('/fault', { kind: 'http_500', count: 2 })
  await admin('/fault', { kind: 'http_503' })
  const statuses = [(await ask()).status, (await ask()).status, (await ask()).status, (await ask()).status]
  expect(statuses).toEqual([500, 500, 503, 200])
  expect((await admin('/fault')).body).toEqual([])
})

test('faults can be disarmed, and unknown ones are refused', async () => {
  expect((await admin('/fault', { kind: 'explode' })).status).toBe(400)
  await admin('/fault', { kind: 'hang', count: 3 })
  expect((await admin('/fault', undefined, 'DELETE')).body).toEqual([])
  expect(textOf((await events(await ask())).chunks)).toBe(whole)
})

test('a reset lets exactly the tokens before it through', async () => {
  await admin('/fault', { kind: 'reset_mid_stream', afterTokens: 3 })
  const response = await ask()
  let received = ''
  const reading = (async () => {
    for await (const piece of response.body ?? []) received += Buffer.from(piece).toString()
  })()
  await expect(reading).rejects.toThrow('terminated')
  expect(received.match(/"text"/g)?.length).toBe(3)
  expect(node.requests().at(-1)).toMatchObject({ outcome: 'failed', tokens: 3 })
})

test('a hanging request brings not even headers, holds its slot, and ends when the client leaves', async () => {
  await admin('/fault', { kind: 'hang' })
  const leaving = new AbortController()
  const hanging = ask({ signal: leaving.signal })
  let answered = false
  hanging.then(
    () => (answered = true),
    () => undefined,
  )
  await until(() => node.totals().running === 1)
  await events(await ask())
  expect(answered).toBe(false)
  expect(node.totals().running).toBe(1)
  leaving.abort()
  await expect(hanging).rejects.toThrow('aborted')
  await until(() => node.totals().running === 0)
  expect(node.requests().at(-2)).toMatchObject({ outcome: 'aborted_by_client', tokens: 0 })
})

test('a stalled stream pauses once and then brings everything', async () => {
  await admin('/fault', { kind: 'stall', afterTokens: 4, stallMs: 150 })
  const response = await ask()
  const arrivals: number[] = []
  let received = ''
  for await (const piece of response.body ?? []) {
    arrivals.push(performance.now())
    received += Buffer.from(piece).toString()
  }
  const gaps = arrivals.slice(1).map((at, index) => at - (arrivals[index] as number))
  expect(gaps.filter((gap) => gap > 120).length).toBe(1)
  expect(textOf((await events(new Response(received))).chunks)).toBe(whole)
})
