import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { chat, completion, post, started, whole } from '../../test/ask-node.ts'
import { expectedText } from '../index.ts'
import type { SimulatedNode, SimulatedNodeOptions } from '../index.ts'
import { profileNames } from '../profiles/version-profile.ts'

const model = 'penstock-sim'
const messages = [{ role: 'user' as const, content: 'Say something.' }]
const said = expectedText({ model, request: { messages }, tokens: 12 })
const parameters = { type: 'object' as const, properties: { count: { type: 'integer' } }, required: ['count'] }
const json = async (response: Response): Promise<Record<string, never>> =>
  (await response.json()) as Record<string, never>

test('a response says what the chat says, whole and streamed, and is not kept', async () => {
  const node = await started({ apiKeys: ['key'] })
  const client = new OpenAI({ baseURL: node.url, apiKey: 'key', maxRetries: 0 })
  const request = { model, input: 'Say something.', max_output_tokens: 12 }
  const response = await client.responses.create(request)
  expect([response.output_text, response.status, response.usage?.output_tokens]).toEqual([said, 'incomplete', 12])
  const names: string[] = []
  let text = ''
  for await (const event of await client.responses.create({ ...request, stream: true })) {
    expect(event.sequence_number).toBe(names.length)
    names.push(event.type)
    if (event.type === 'response.output_text.delta') text += event.delta
    if (event.type === 'response.completed') expect(event.response.output).toHaveLength(1)
  }
  expect(text).toBe(said)
  expect([...new Set(names)]).toEqual([
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ])
  await expect(client.responses.retrieve(response.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError)
  await expect(client.responses.cancel(response.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError)
  await expect(client.responses.create({ ...request, background: true })).rejects.toMatchObject({ status: 400 })
})

test('a response thinks and calls functions', async () => {
  const node = await started({ reasoningTokens: 3 })
  const client = new OpenAI({ baseURL: node.url, apiKey: 'key', maxRetries: 0 })
  const tools = [{ type: 'function' as const, name: 'tally', parameters, strict: true }]
  const stream = client.responses.stream({ model, input: messages, tools })
  const { output } = await stream.finalResponse()
  expect(output.map(({ type }) => type)).toEqual(['reasoning', 'function_call'])
  const [, call] = output
  expect(JSON.parse(call?.type === 'function_call' ? call.arguments : '')).toEqual({ count: expect.any(Number) })
})

test('a message says what the chat says, whole and streamed, in Anthropic’s form', async () => {
  const node = await started()
  const client = new Anthropic({ baseURL: node.origin, apiKey: 'key', maxRetries: 0 })
  const request = { model, messages, max_tokens: 12 }
  const message = await client.messages.create(request)
  expect(message).toMatchObject({ content: [{ type: 'text', text: said }], stop_reason: 'max_tokens' })
  const streamed = await client.messages.stream(request).finalMessage()
  expect(streamed).toMatchObject({ content: [{ type: 'text', text: said }], usage: message.usage })
  const { input_tokens: counted } = await client.messages.countTokens({ model, messages })
  expect(counted).toBe(message.usage.input_tokens)
})

test('a message thinks and uses tools, and its errors have Anthropic’s body', async () => {
  const node = await started({ reasoningTokens: 3 })
  const client = new Anthropic({ baseURL: node.origin, apiKey: 'key', maxRetries: 0 })
  const request = { model, messages, max_tokens: 90, tools: [{ name: 'tally', input_schema: parameters }] }
  for (const answer of [await client.messages.create(request), await client.messages.stream(request).finalMessage()]) {
    expect(answer.content.map(({ type }) => type)).toEqual(['thinking', 'tool_use'])
    expect(answer.stop_reason).toBe('tool_use')
    expect(answer.content[1]).toMatchObject({ name: 'tally', input: { count: expect.any(Number) } })
  }
  const wrong = await post(node, '/v1/messages', { ...request, model: 'nobody' })
  expect([wrong.status, await json(wrong)]).toEqual([
    404,
    { type: 'error', error: { type: 'NotFoundError', message: expect.stringContaining('nobody') } },
  ])
  node.injectFault({ kind: 'error_event', afterTokens: 1 })
  const text = await (await post(node, '/v1/messages', { ...request, stream: true })).text()
  expect(text).toMatch(/event: error\ndata: \{"type":"error","error":\{[^\n]*\n\n$/)
})

test('a batch answers each conversation as a chat of its own', async () => {
  const node = await started()
  const conversations = ['One.', 'Two.'].map((content) => [{ role: 'user', content }])
  const { choices } = await whole(node, `${chat}/batch`, { messages: conversations, max_tokens: 5 })
  expect(choices.map(({ message }) => message.content)).toEqual(
    conversations.map((one) => expectedText({ model, request: { messages: one }, tokens: 5 })),
  )
  expect((await post(node, `${chat}/batch`, { messages: conversations, stream: true })).status).toBe(400)
})

test('what is rendered is generated as if it had been asked directly', async () => {
  const node = await started()
  const rendered = await json(await post(node, `${chat}/render`, { messages, max_tokens: 12 }))
  const generated = await json(await post(node, '/inference/v1/generate', rendered))
  const [{ token_ids: tokens }] = generated['choices'] as unknown as [{ token_ids: number[] }]
  expect(await json(await post(node, '/detokenize', { tokens }))).toEqual({ prompt: said })
  const list = await json(await post(node, `${completion}/render`, { prompt: ['a', 'b'] }))
  expect(list).toHaveLength(2)
})

test('an invocation is what its body looks like', async () => {
  const node = await started({ apiKeys: ['key'] })
  expect((await whole(node, '/invocations', { messages })).choices[0]).toHaveProperty('message')
  expect((await whole(node, '/invocations', { prompt: 'x' })).choices[0]).toHaveProperty('text')
  expect((await post(node, '/invocations', { neither: 1 })).status).toBe(400)
  node.configure({ task: 'embed' })
  expect(await json(await post(node, '/invocations', { input: 'x' }))).toHaveProperty('data')
})

test('each release has the routes it had, and a text model refuses to rerank', async () => {
  const node = await started()
  const statuses: Record<string, number[]> = {}
  const paths = ['/v1/responses', '/v1/messages', '/v1/messages/count_tokens', `${chat}/batch`, '/v1/rerank']
  for (const profile of profileNames) {
    node.configure({ profile })
    statuses[profile] = await Promise.all(paths.map(async (path) => (await post(node, path, {})).status))
  }
  expect(statuses).toEqual({
    'v0.6': [404, 404, 404, 404, 404],
    'v0.10': [400, 404, 404, 404, 404],
    'v0.11': [400, 400, 404, 404, 404],
    'v0.19': [400, 400, 400, 400, 501],
    'v0.24': [400, 400, 400, 400, 501],
    'v0.32': [400, 400, 400, 400, 501],
  })
})

const format = { type: 'json_schema', name: 'n', schema: { type: 'x' } }
test.each<[string, SimulatedNodeOptions, object, string]>([
  ['responses', {}, { input: 'x', max_output_tokens: 0 }, 'max_output_tokens must be at least 1'],
  ['responses', { profile: 'v0.19' }, { input: 'x', max_output_tokens: 200_000 }, 'max_output_tokens is too large'],
  ['responses', {}, { input: 'x', stop: ['a', ''] }, 'stop cannot'],
  ['responses', {}, { input: 'x', text: { format } }, '"param":"text.format"'],
  ['responses', {}, { input: 'x', text: { format: { type: 'xml' } } }, 'text.format.type'],
  ['responses', {}, { input: 'x', reasoning: { effort: 'absurd' } }, 'reasoning.effort'],
  ['responses', {}, { input: 'x', tools: [{ type: 'function' }] }, 'tools.0.name'],
  ['responses', {}, { input: [...messages, { role: 'user' }], instructions: 'y' }, 'input.1.content'],
  ['responses', {}, { input: [{ type: 'function_call', name: 'f', arguments: '' }] }, 'input.0.call_id'],
  ['responses', {}, { input: [{ type: 'absurd' }] }, 'input.0.type'],
  ['messages', {}, { messages, max_tokens: 0 }, 'max_tokens must be positive'],
  ['messages', {}, { messages, max_tokens: 5, stop_sequences: [''] }, 'stop_sequences cannot'],
  ['messages', {}, { messages, max_tokens: 5, tool_choice: { type: 'tool' } }, 'tool_choice.name'],
  ['messages', {}, { messages, max_tokens: 5, tools: [{ name: 'f' }] }, 'tools.0.input_schema'],
  ['messages', {}, { messages: [{ role: 'user', content: [{ type: 'x' }] }], max_tokens: 5 }, 'messages.0.content'],
])('%s: what is wrong is named as the route calls it', async (route, options, request, said) => {
  const node = await started(options)
  const response = await post(node, `/v1/${route}`, { model, ...request })
  expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(said)])
})

test('vLLM’s own sampling members of a response work as in a chat', async () => {
  const node = await started()
  const whole = expectedText({ model, request: { messages }, tokens: 60 })
  const stop = whole.slice(40, 48)
  const response = await json(await post(node, '/v1/responses', { input: messages, max_output_tokens: 60, stop }))
  const [{ content }] = response['output'] as unknown as [{ content: { text: string }[] }]
  expect([content[0]?.text, response['status']]).toEqual([whole.slice(0, whole.indexOf(stop)), 'completed'])
})

/** Texts and names of typed events, the unreadable ones as `broken`. */
const typedEvents = (bytes: string): { names: string[]; text: string } => {
  const names: string[] = []
  let text = ''
  for (const event of bytes.split('\n\n').filter((one) => one !== '')) {
    const [name, data] = event.split('\n').map((line) => line.replace(/^(event|data): /, ''))
    try {
      const { type, delta } = JSON.parse(data ?? '') as { type: string; delta?: string | { text?: string } }
      expect(type).toBe(name)
      names.push(type)
      text += typeof delta === 'string' ? delta : (delta?.text ?? '')
    } catch {
      names.push('broken')
    }
  }
  return { names, text }
}

describe.each([
  ['responses', { input: messages, max_output_tokens: 12 }, 'response.output_text.delta', 'response.completed'],
  ['messages', { messages, max_tokens: 12 }, 'content_block_delta', 'message_stop'],
])('faults in streams of /v1/%s', (route, request, piece, last) => {
  const ask = (node: SimulatedNode): Promise<Response> =>
    post(node, `/v1/${route}`, { model, ...request, stream: true })
  const pieces = (names: readonly string[]): number => names.filter((name) => name === piece).length
  const tokens = (count: number): string => expectedText({ model, request: { messages }, tokens: count })

  test('a reset lets exactly the tokens before it through', async () => {
    const node = await started()
    node.injectFault({ kind: 'reset_mid_stream', afterTokens: 4 })
    let text = ''
    const read = async (): Promise<void> => {
      for await (const bytes of (await ask(node)).body?.pipeThrough(new TextDecoderStream()) ?? []) text += bytes
    }
    await expect(read()).rejects.toThrow('terminated')
    expect(typedEvents(text)).toMatchObject({ text: tokens(4) })
    expect(node.totals()).toMatchObject({ failed: 1 })
  })

  test('a truncated stream ends in order, without its last events', async () => {
    const node = await started()
    node.injectFault({ kind: 'truncate', afterTokens: 4 })
    const { names, text } = typedEvents(await (await ask(node)).text())
    expect([pieces(names), text, names.at(-1)]).toEqual([4, tokens(4), piece])
  })

  test('garbage is one broken event among the true ones', async () => {
    const node = await started()
    node.injectFault({ kind: 'garbage', afterTokens: 4 })
    const { names, text } = typedEvents(await (await ask(node)).text())
    expect([names.filter((name) => name === 'broken').length, text, names.at(-1)]).toEqual([1, tokens(12), last])
  })

  test('an abort ends the stream in order with the partial text and says that it is not complete', async () => {
    const node = await started()
    node.injectFault({ kind: 'abort_finish', afterTokens: 4 })
    const bytes = await (await ask(node)).text()
    const { names, text } = typedEvents(bytes)
    expect([text, names.at(-1)]).toEqual([tokens(4), last])
    expect(bytes).toMatch(
      route === 'messages' ? /"stop_reason":null,"stop_sequence":null\},"usage"/ : /"status":"cancelled"/,
    )
    expect(node.totals()).toMatchObject({ abortedByNode: 1 })
  })
})
