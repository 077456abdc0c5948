import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { started, until } from '../test/ask-node.ts'
import { expectedAnswers, expectedText } from './index.ts'
import type { SimulatedNode, SimulatedNodeOptions } from './index.ts'

const model = 'penstock-sim'
const messages = [{ role: 'user' as const, content: 'Say something.' }]

const connected = async (options: SimulatedNodeOptions = {}): Promise<{ node: SimulatedNode; client: OpenAI }> => {
  const node = await started({ apiKeys: ['key'], ...options })
  return { node, client: new OpenAI({ baseURL: node.url, apiKey: 'key', maxRetries: 0 }) }
}

test('a chat stream is read to its usage', async () => {
  const { client } = await connected()
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

test('a completion is read, with all its prompts and samples', async () => {
  const { client } = await connected()
  const request = { prompt: ['Once', 'Twice'], n: 2 }
  const { choices } = await client.completions.create({ model, ...request })
  expect(choices.map(({ text }) => text)).toEqual(expectedAnswers({ model, request }).map(({ text }) => text))
  expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3])
})

const parameters = {
  type: 'object',
  properties: { count: { type: 'integer' }, names: { type: 'array', items: { type: 'string' } } },
  required: ['count', 'names'],
}

test('streamed tool calls are assembled, one or several', async () => {
  const { node, client } = await connected()
  const tools = ['tally', 'list'].map((name) => ({ type: 'function' as const, function: { name, parameters } }))
  const calls = async () => {
    const { choices } = await client.chat.completions.stream({ model, messages, tools }).finalChatCompletion()
    expect(choices[0]?.finish_reason).toBe('tool_calls')
    return (choices[0]?.message.tool_calls ?? []).map((call) => {
      expect(call.type).toBe('function')
      return call.type === 'function' ? call.function : { name: '', arguments: '{}' }
    })
  }
  const [call, ...others] = await calls()
  expect([call?.name, others]).toEqual(['tally', []])
  expect(JSON.parse(call?.arguments ?? '')).toEqual({ count: expect.any(Number), names: [expect.any(String)] })
  node.configure({ toolCalls: 'all' })
  expect((await calls()).map(({ name }) => name)).toEqual(['tally', 'list'])
})

test('a structured answer is of its schema', async () => {
  const { client } = await connected()
  const { choices } = await client.chat.completions.create({
    model,
    messages,
    response_format: { type: 'json_schema', json_schema: { name: 'tally', schema: parameters, strict: true } },
  })
  expect(JSON.parse(choices[0]?.message.content ?? '')).toEqual({
    count: expect.any(Number),
    names: [expect.any(String)],
  })
})

test('log probabilities come with the answer, streamed or not', async () => {
  const { client } = await connected()
  const request = { model, messages, max_tokens: 5, logprobs: true, top_logprobs: 2 }
  const { choices } = await client.chat.completions.create(request)
  const content = choices[0]?.logprobs?.content ?? []
  expect(content.map(({ token }) => token).join('')).toBe(choices[0]?.message.content)
  expect(content.every(({ top_logprobs: top }) => top.length === 2)).toBe(true)
  const streamed = []
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true }))
    streamed.push(...(chunk.choices[0]?.logprobs?.content ?? []))
  expect(streamed).toEqual(content)
})

test('an abort reaches the engine, and no step follows it', async () => {
  const { node, client } = await connected({ itlMs: 5 })
  const stream = await client.chat.completions.create({ model, messages, max_tokens: 50_000, stream: true })
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
  await until(() => node.totals().abortedByClient === 1 && node.totals().running === 0)
  const [record] = node.requests()
  const [sequence] = record?.sequences ?? []
  expect(sequence?.outcome).toBe('aborted')
  const lastStep = sequence?.steps.at(-1)?.[1] ?? 0
  // Another request is served meanwhile: the engine goes on without the one that left.
  await client.completions.create({ model, prompt: 'x', max_tokens: 3 })
  expect(node.requests()[0]?.sequences[0]?.steps.at(-1)?.[1]).toBe(lastStep)
  expect(node.requests()[0]).toMatchObject({ abortedByClient: true, wastedTokens: record?.tokens })
})

test('models are listed and embeddings are numbers', async () => {
  const { node, client } = await connected({ embeddingSize: 8 })
  expect((await client.models.list()).data.map(({ id }) => id)).toEqual([model])
  node.configure({ task: 'embed' })
  const { data } = await client.embeddings.create({ model, input: ['one', 'two'] })
  for (const { embedding } of data) expect(Math.hypot(...embedding)).toBeCloseTo(1, 5)
})

test('every class of error is the client library’s own', async () => {
  const { node, client } = await connected()
  const ask = (options: object = {}) => client.completions.create({ model, prompt: 'x', ...options })
  await expect(ask({ model: 'nobody' })).rejects.toBeInstanceOf(OpenAI.NotFoundError)
  await expect(ask({ suffix: 'y' })).rejects.toMatchObject({ status: 400, param: 'suffix' })
  await expect(ask({ max_tokens: 1e6 })).rejects.toBeInstanceOf(OpenAI.BadRequestError)
  await expect(client.withOptions({ apiKey: 'bad' }).models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
  const struck = {
    403: OpenAI.PermissionDeniedError,
    409: OpenAI.ConflictError,
    422: OpenAI.UnprocessableEntityError,
    429: OpenAI.RateLimitError,
    500: OpenAI.InternalServerError,
    503: OpenAI.InternalServerError,
  }
  for (const [status, kind] of Object.entries(struck)) {
    node.injectFault({ kind: 'http_status', status: Number(status) })
    await expect(ask()).rejects.toBeInstanceOf(kind)
  }
  node.injectFault({ kind: 'reset_mid_stream', when: 'before_headers' })
  await expect(ask()).rejects.toBeInstanceOf(OpenAI.APIConnectionError)
  node.injectFault({ kind: 'error_event', afterTokens: 2 })
  const stream = await client.chat.completions.create({ model, messages, max_tokens: 9, stream: true })
  const read = async (): Promise<number> => (await Array.fromAsync(stream)).length
  await expect(read()).rejects.toBeInstanceOf(OpenAI.APIError)
})
