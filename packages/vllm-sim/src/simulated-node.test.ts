import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { events, post, textOf, until, whole } from '../test/ask-node.ts'
import { decodeTokens, expectedAnswer, expectedAnswers, expectedText, startSimulatedNode } from './index.ts'
import type { SimulatedNode } from './index.ts'

const fast = { ttftMs: 1, itlMs: 0 }
const model = 'penstock-sim'
const messages = [{ role: 'user', content: 'How does a penstock work?' }]

let node: SimulatedNode
beforeAll(async () => {
  node = await startSimulatedNode(fast)
})
afterAll(() => node.stop())

test('a chat stream brings role, one chunk a token, finish, usage and the end mark', async () => {
  const request = { model, messages, max_tokens: 5, stream: true, stream_options: { include_usage: true } }
  const response = await post(node, '/v1/chat/completions', request, { headers: { 'x-request-id': 'job-1.2' } })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(response.headers.get('keep-alive')).toBeNull()
  const { chunks, last } = await events(response)
  expect(last).toBe('[DONE]')
  expect(chunks.length).toBe(7)
  expect(chunks[0]).toMatchObject({ id: 'chatcmpl-job-1.2', object: 'chat.completion.chunk', model })
  expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' })
  expect(textOf(chunks)).toBe(expectedText({ model, request }))
  expect(chunks.map(({ choices: [choice] }) => choice?.finish_reason)).toEqual([
    null,
    null,
    null,
    null,
    null,
    'length',
    undefined,
  ])
  expect(chunks[6]).toMatchObject({ choices: [], usage: { completion_tokens: 5 } })
})

test('a completion stream carries text, ids and running usage when asked', async () => {
  const options = { include_usage: true, continuous_usage_stats: true }
  const request = {
    model,
    prompt: 'The river',
    max_tokens: 4,
    stream: true,
    return_token_ids: true,
    stream_options: options,
  }
  const { chunks } = await events(await post(node, '/v1/completions', request))
  const [first] = chunks
  expect(first?.object).toBe('text_completion')
  expect(decodeTokens(first?.choices[0]?.prompt_token_ids ?? [])).toEqual({ kind: 'text', text: 'The river' })
  expect(chunks.map((chunk) => chunk.usage?.completion_tokens)).toEqual([1, 2, 3, 4, 4])
  const ids = chunks.flatMap(({ choices: [choice] }) => choice?.token_ids ?? [])
  expect(decodeTokens(ids)).toEqual({ kind: 'text', text: textOf(chunks) })

  const rest = await post(node, '/v1/completions', {
    prompt: [...(first?.choices[0]?.prompt_token_ids ?? []), ...ids],
    max_tokens: 6,
  })
  const { choices } = (await rest.json()) as { choices: [{ text: string }] }
  expect(textOf(chunks) + choices[0].text).toBe(expectedText({ model, request, tokens: 10 }))
})

test('an answer that is not streamed has the same text, with its nulls', async () => {
  const request = { messages, max_tokens: 12 }
  const body = (await (await post(node, '/v1/chat/completions', request)).json()) as Record<string, unknown>
  expect(body).toMatchObject({
    object: 'chat.completion',
    choices: [
      {
        message: { role: 'assistant', content: expectedText({ model, request }), refusal: null },
        finish_reason: 'length',
        stop_reason: null,
      },
    ],
    usage: { completion_tokens: 12 },
    kv_transfer_params: null,
  })
})

test('a stream cut anywhere goes on on another node as if nothing had happened', async () => {
  await using other = await startSimulatedNode(fast)
  const whole = expectedText({ model, request: { messages }, tokens: 40 })
  const { chunks } = await events(await post(node, '/v1/chat/completions', { messages, max_tokens: 17, stream: true }))
  const resumed = {
    messages: [...messages, { role: 'assistant', content: textOf(chunks) }],
    add_generation_prompt: false,
    continue_final_message: true,
    max_tokens: 23,
    stream: true,
  }
  const rest = await events(await post(other, '/v1/chat/completions', resumed))
  expect(textOf(chunks) + textOf(rest.chunks)).toBe(whole)
})

test('a stop string ends the answer, is not shown, and is named', async () => {
  const whole = expectedText({ model, request: { prompt: 'Tell me' }, tokens: 60 })
  const stop = whole.slice(91, 99)
  const { chunks } = await events(
    await post(node, '/v1/completions', { prompt: 'Tell me', max_tokens: 60, stop, stream: true }),
  )
  expect(textOf(chunks)).toBe(whole.slice(0, whole.indexOf(stop)))
  expect(chunks.at(-1)?.choices[0]).toMatchObject({ finish_reason: 'stop', stop_reason: stop })
})

test('a stop token ends the answer, counts, is named, and is shown only where stop strings are', async () => {
  const asked = { prompt: 'Tell me', max_tokens: 60, return_token_ids: true }
  const [free] = expectedAnswers({ model, request: asked })
  const ids = free?.tokenIds ?? []
  const at = ids.findIndex((id, index) => index > 9 && !ids.slice(0, index).includes(id))
  const stopId = ids[at] ?? 0
  const before = expectedText({ model, request: asked, tokens: at })
  for (const shown of [false, true]) {
    const body = { ...asked, stop_token_ids: [7, stopId], include_stop_str_in_output: shown }
    const { chunks } = await events(await post(node, '/v1/completions', { ...body, stream: true }))
    const text = shown ? expectedText({ model, request: asked, tokens: at + 1 }) : before
    expect(textOf(chunks)).toBe(text)
    expect(chunks.at(-1)?.choices[0]).toMatchObject({ finish_reason: 'stop', stop_reason: stopId })
    expect(chunks.flatMap(({ choices: [choice] }) => choice?.token_ids ?? [])).toEqual(ids.slice(0, at + 1))
    const answer = await whole(node, '/v1/completions', body)
    expect(answer).toMatchObject({ choices: [{ text, stop_reason: stopId }], usage: { completion_tokens: at + 1 } })
  }
})

test('a stop token is not said before the least number of tokens', async () => {
  const asked = { prompt: 'Tell me', max_tokens: 30, min_tokens: 12, return_token_ids: true }
  const stop_token_ids = expectedAnswers({ model, request: asked })[0]?.tokenIds.slice(0, 20) ?? []
  const { choices } = await whole(node, '/v1/completions', { ...asked, stop_token_ids })
  const said = choices[0]?.token_ids ?? []
  expect(said.length).toBeGreaterThanOrEqual(12)
  expect(said.slice(0, 12).filter((id) => stop_token_ids.includes(id))).toEqual([])
  expect(choices[0]?.text).toBe(expectedText({ model, request: { ...asked, stop_token_ids } }))
})

test('a tool is called with arguments of its schema, and its result is answered in text', async () => {
  const parameters = {
    type: 'object',
    properties: { path: { type: 'string' }, mode: { enum: ['r', 'w'] } },
    required: ['path', 'mode'],
  }
  const request = { messages, tools: [{ type: 'function', function: { name: 'read_file', parameters } }], stream: true }
  const { chunks } = await events(await post(node, '/v1/chat/completions', request))
  const calls = chunks.flatMap(({ choices: [choice] }) => choice?.delta?.tool_calls ?? [])
  expect(calls[0]).toMatchObject({
    id: expect.stringMatching(/^chatcmpl-tool-[0-9a-f]+$/),
    function: { name: 'read_file', arguments: '' },
  })
  expect(calls.length).toBeGreaterThan(3)
  const args = calls.map((call) => call.function.arguments).join('')
  expect(JSON.parse(args)).toEqual({ path: expect.any(String), mode: expect.stringMatching(/^[rw]$/) })
  expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('tool_calls')
  expect(expectedAnswer({ model, request }).toolCall).toEqual({ id: calls[0]?.id, name: 'read_file', arguments: args })

  const result = [
    ...messages,
    { role: 'assistant', content: null, tool_calls: [{ id: calls[0]?.id }] },
    { role: 'tool', tool_call_id: calls[0]?.id, content: 'ok' },
  ]
  const followed = { ...request, messages: result, max_tokens: 3 }
  expect(textOf((await events(await post(node, '/v1/chat/completions', followed))).chunks)).toBe(
    expectedText({ model, request: followed }),
  )
})

test('a named tool ends with stop', async () => {
  const tools = ['a', 'b'].map((name) => ({ type: 'function', function: { name } }))
  const request = { messages, tools, tool_choice: { type: 'function', function: { name: 'b' } } }
  const body = (await (await post(node, '/v1/chat/completions', request)).json()) as Record<string, unknown>
  expect(body).toMatchObject({
    choices: [
      { message: { content: null, tool_calls: [{ function: { name: 'b', arguments: '{}' } }] }, finish_reason: 'stop' },
    ],
  })
})

test.each([
  ['/v1/chat/completions', '{', 400, 'Bad Request', null],
  ['/v1/chat/completions', { messages: 'no' }, 400, 'Bad Request', null],
  ['/v1/completions', {}, 400, 'BadRequestError', 'prompt'],
  ['/v1/completions', { prompt: 'x', n: 0 }, 400, 'BadRequestError', 'n'],
  ['/v1/completions', { prompt: 'x', model: 'nobody' }, 404, 'NotFoundError', 'model'],
  ['/v1/embeddings', {}, 501, 'NotImplementedError', null],
  ['/v1/nothing', {}, 404, 'Not Found', null],
  ['/v1/models', {}, 405, 'Method Not Allowed', null],
])('POST %s with %j is refused with %i in the nested form', async (path, body, status, type, param) => {
  const response = await post(node, path, body)
  expect(response.status).toBe(status)
  expect(await response.json()).toEqual({ error: { message: expect.any(String), type, param, code: status } })
})

test('another content type is refused', async () => {
  const response = await post(node, '/v1/completions', { prompt: 'x' }, { headers: { 'content-type': 'text/plain' } })
  expect(response.status).toBe(400)
})

test('with a key set only /v1 asks for it, and its refusal is a string', async () => {
  await using guarded = await startSimulatedNode({ ...fast, apiKeys: ['secret'] })
  const refused = await fetch(`${guarded.url}/models`, { headers: { authorization: 'Bearer wrong' } })
  expect(refused.status).toBe(401)
  expect(await refused.json()).toEqual({ error: 'Unauthorized' })
  expect((await fetch(`${guarded.url}/models`, { headers: { authorization: 'Bearer secret' } })).status).toBe(200)
  for (const path of ['/health', '/metrics', '/version', '/load'])
    expect((await fetch(guarded.origin + path)).status).toBe(200)
})

test('every served name is listed and answers as the first', async () => {
  await using many = await startSimulatedNode({ ...fast, models: ['first', 'second'], modelLengthMax: 99 })
  const { data } = (await (await fetch(`${many.url}/models`)).json()) as { data: object[] }
  expect(data).toMatchObject([
    { id: 'first', max_model_len: 99 },
    { id: 'second', root: 'first' },
  ])
  const request = { model: 'second', prompt: 'x' }
  const body = await (await post(many, '/v1/completions', request)).json()
  expect(body).toMatchObject({ model: 'first', choices: [{ text: expectedText({ model: 'first', request }) }] })
})

test('a client that leaves frees its slot for the next and is booked as waste', async () => {
  await using single = await startSimulatedNode({ ttftMs: 1, itlMs: 5, sequencesMax: 1 })
  const leaving = new AbortController()
  const request = { messages, max_tokens: 5000, stream: true }
  const response = await post(single, '/v1/chat/completions', request, {
    signal: leaving.signal,
    headers: { 'x-request-id': 'left' },
  })
  await response.body?.getReader().read()
  const next = post(single, '/v1/chat/completions', { messages, max_tokens: 2 })
  await until(async () => (await metric(single, 'num_requests_waiting')) === 1)
  expect(await metric(single, 'num_requests_running')).toBe(1)
  leaving.abort()
  expect((await next).status).toBe(200)
  const totals = single.totals()
  expect(totals).toMatchObject({ abortedByClient: 1, finished: 1, running: 0 })
  expect(totals.wastedTokens).toBe(totals.tokens - 2)
  expect(single.requests()[0]).toMatchObject({ id: 'left', outcome: 'aborted_by_client', finishReason: null })
})

test('metrics count what was done under the names of vLLM', async () => {
  await using counted = await startSimulatedNode(fast)
  await (await post(counted, '/v1/completions', { prompt: 'one two', max_tokens: 7 })).json()
  expect(await metric(counted, 'generation_tokens_total')).toBe(7)
  expect(await metric(counted, 'prompt_tokens_total')).toBe(2)
  expect(await metric(counted, 'request_success_total', 'length')).toBe(1)
  expect(await metric(counted, 'time_to_first_token_seconds_count')).toBe(1)
  expect(await metric(counted, 'inter_token_latency_seconds_count')).toBe(6)
  expect(await metric(counted, 'kv_cache_usage_perc')).toBe(0)
})

test('a stopping node ends its answers with abort, complete and in time', async () => {
  const stopping = await startSimulatedNode({ ttftMs: 1, itlMs: 5 })
  const streamed = await post(stopping, '/v1/chat/completions', { messages, max_tokens: 5000, stream: true })
  const whole = post(stopping, '/v1/completions', { prompt: 'x', max_tokens: 5000 })
  await until(() => stopping.totals().running === 2 && stopping.requests().every((request) => request.tokens > 2))
  await stopping.stop()
  const { chunks, last } = await events(streamed)
  expect(last).toBe('[DONE]')
  expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('abort')
  expect(expectedText({ model, request: { messages }, tokens: 100 }).startsWith(textOf(chunks))).toBe(true)
  expect(await (await whole).json()).toMatchObject({ choices: [{ finish_reason: 'abort' }] })
  expect(stopping.totals()).toMatchObject({ abortedByNode: 2, running: 0 })
})

test('a connection that never carried a request does not hold a stopping node up', async () => {
  const stopping = await startSimulatedNode(fast)
  const socket = connect(Number(new URL(stopping.origin).port), '127.0.0.1')
  const closed = once(socket.resume(), 'close')
  await once(socket, 'connect')
  const startedAt = performance.now()
  await stopping.stop()
  expect(performance.now() - startedAt).toBeLessThan(300)
  await closed
})

test('a crashing node resets its connections', async () => {
  const crashing = await startSimulatedNode({ ttftMs: 1, itlMs: 5 })
  const response = await post(crashing, '/v1/completions', { prompt: 'x', max_tokens: 5000, stream: true })
  await Promise.all([expect(response.text()).rejects.toThrow('terminated'), crashing.crash()])
  await expect(fetch(`${crashing.origin}/health`)).rejects.toThrow('fetch failed')
  expect(crashing.totals()).toMatchObject({ failed: 1, running: 0 })
})

const metric = async (from: SimulatedNode, name: string, reason = ''): Promise<number> => {
  const text = await (await fetch(`${from.origin}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`vllm:${name}{`) && one.includes(reason))
  return Number(line?.split(' ').at(-1))
}
