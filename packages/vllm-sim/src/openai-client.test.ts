import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../test/ask-node.ts'
import { expectedText, startSimulatedNode } from './index.ts'
import type { SimulatedNode } from './index.ts'

const model = 'penstock-sim'
const messages = [{ role: 'user' as const, content: 'Say something.' }]

let node: SimulatedNode
let client: OpenAI
beforeAll(async () => {
  node = await startSimulatedNode({ ttftMs: 1, itlMs: 1, apiKeys: ['key'] })
  client = new OpenAI({ baseURL: node.url, apiKey: 'key', maxRetries: 0 })
})
afterAll(() => node.stop())

test('the OpenAI client reads a chat stream to its usage', async () => {
  const stream = await client.chat.completions.create({
    model,
    messages,
    max_tokens: 20,
    stream: true,
    stream_options: { include_usage: true },
  })
  let text = ''
  let tokens = 0
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? ''
    tokens = chunk.usage?.completion_tokens ?? tokens
  }
  expect(text).toBe(expectedText({ model, request: { messages }, tokens: 20 }))
  expect(tokens).toBe(20)
})

test('the OpenAI client reads a completion', async () => {
  const completion = await client.completions.create({ model, prompt: 'Once' })
  expect(completion.choices[0]).toMatchObject({
    text: expectedText({ model, request: { prompt: 'Once' } }),
    finish_reason: 'length',
  })
})

test('the OpenAI client assembles a streamed tool call', async () => {
  const parameters = {
    type: 'object',
    properties: { count: { type: 'integer' }, names: { type: 'array', items: { type: 'string' } } },
    required: ['count', 'names'],
  }
  const stream = client.chat.completions.stream({
    model,
    messages,
    tools: [{ type: 'function', function: { name: 'tally', parameters } }],
  })
  const { choices } = await stream.finalChatCompletion()
  const [call] = choices[0]?.message.tool_calls ?? []
  expect(call).toMatchObject({ type: 'function', function: { name: 'tally' } })
  expect(JSON.parse(call?.type === 'function' ? call.function.arguments : '')).toEqual({
    count: expect.any(Number),
    names: [expect.any(String)],
  })
  expect(choices[0]?.finish_reason).toBe('tool_calls')
})

test('aborting the OpenAI client stops the node', async () => {
  const before = node.totals().abortedByClient
  const stream = await client.chat.completions.create({ model, messages, max_tokens: 50_000, stream: true })
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) break
  }
  await until(() => node.totals().abortedByClient === before + 1 && node.totals().running === 0)
})

test('the OpenAI client maps refusals to its own errors', async () => {
  await expect(client.completions.create({ model: 'nobody', prompt: 'x' })).rejects.toBeInstanceOf(OpenAI.NotFoundError)
  await expect(client.completions.create({ model, prompt: 'x', suffix: 'y' })).rejects.toMatchObject({
    status: 400,
    param: 'suffix',
  })
  await expect(client.withOptions({ apiKey: 'bad' }).models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
})
