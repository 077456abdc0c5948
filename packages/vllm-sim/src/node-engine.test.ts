import { expect, test } from 'vitest'
import { events, post, textOf, until } from '../test/ask-node.ts'
import { expectedText, startSimulatedNode } from './index.ts'

const performance = { profile: 'llama-3.1-8b@h100' }

test('a node on modelled hardware says what every node says, and its record shows what the engine did', async () => {
  await using node = await startSimulatedNode({ performance })
  const request = { prompt: 'The lock gates open slowly. '.repeat(20), max_tokens: 12, stream: true }
  const ask = async (): Promise<string> => textOf((await events(await post(node, '/v1/completions', request))).chunks)
  const whole = expectedText({ model: 'penstock-sim', request })
  expect([await ask(), await ask()]).toEqual([whole, whole])
  const [cold, warm] = node.requests().map(({ sequences }) => sequences[0])
  expect(cold).toMatchObject({ outcome: 'finished', outputTokens: 12, cachedTokens: 0, preemptions: 0 })
  expect(cold?.steps).toEqual([[1, 12]])
  expect(warm?.cachedTokens).toBeGreaterThanOrEqual(16)
  expect((warm?.promptTokens ?? 0) - (warm?.cachedTokens ?? 0)).toBeLessThanOrEqual(16)
})

test('a client that leaves ends its request at the next step, and what was made for it counts as wasted', async () => {
  await using node = await startSimulatedNode({ performance })
  const leave = new AbortController()
  const request = { prompt: 'Water', max_tokens: 5000, ignore_eos: true, stream: true }
  const response = await post(node, '/v1/completions', request, { signal: leave.signal })
  await response.body?.getReader().read()
  leave.abort()
  const trace = () => node.requests()[0]?.sequences[0]
  await until(() => trace()?.outcome === 'aborted')
  expect(trace()?.wastedTokens).toBeGreaterThanOrEqual(trace()?.outputTokens ?? Infinity)
  expect(trace()?.endedAt).not.toBeNull()
})

test('a stream leaves no faster than its API server works tokens off, and the engine goes on meanwhile', async () => {
  const frontEnd = { requestMs: 0, promptTokenMs: 0, streamedTokenMs: 20 }
  await using node = await startSimulatedNode({ performance: { profile: 'llama-3.1-8b@h100', frontEnd } })
  const startedAt = Date.now()
  const { chunks, last } = await events(
    await post(node, '/v1/completions', { prompt: 'Water', max_tokens: 30, stream: true }),
  )
  expect(Date.now() - startedAt).toBeGreaterThan(30 * 20)
  const whole = expectedText({ model: 'penstock-sim', request: { prompt: 'Water' }, tokens: 30 })
  expect([textOf(chunks), last]).toEqual([whole, '[DONE]'])
  const [record] = node.requests()
  expect((record?.finishedAt ?? 0) - (record?.arrivedAt ?? 0)).toBeLessThan(Date.now() - startedAt)
})

test('hardware, batch and context length that do not go together are refused, and the error says what exists', async () => {
  const start = (options: object): Promise<unknown> => startSimulatedNode({ performance, ...options })
  await expect(start({ performance: { profile: 'gpt@h100' } })).rejects.toThrow('mixtral-8x7b@a100x2')
  await expect(start({ performance: { profile: 'llama-3.1-8b@h100:int2' } })).rejects.toThrow('fp8kv')
  await expect(start({ ttftMs: 5 })).rejects.toThrow('ttftMs')
  await expect(start({ kvCacheTokens: 1000, modelLengthMax: 2000 })).rejects.toThrow('KV cache holds 1000')
})

test('what the hardware fixes cannot be changed while it runs', async () => {
  await using node = await startSimulatedNode({ performance })
  expect(() => node.configure({ itlMs: 1 })).toThrow('performance profile')
  expect(() => node.configure({ sequencesMax: 1 })).toThrow('performance profile')
  expect(() => node.configure({ endProbability: 0.5 })).not.toThrow()
})
