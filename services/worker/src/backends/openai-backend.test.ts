import type { ServerResponse } from 'node:http'
import type { ModelCall } from '@penstock/models'
import { waitFor } from '@penstock/testkit'
import { describe, expect, test } from 'vitest'
import { ask, backendOf, startModelServer, userSays } from './model-server.fixture.ts'

const chunk = (choice: object | null, over: object = {}) => ({
  id: 'chatcmpl-A1',
  object: 'chat.completion.chunk',
  created: 1_763_640_000,
  model: 'gpt-4o-2024-11-20',
  system_fingerprint: 'fp_1',
  choices: choice === null ? [] : [{ index: 0, finish_reason: null, logprobs: null, ...choice }],
  ...over,
})
const filterResults = { hate: { filtered: false, severity: 'safe' }, self_harm: { filtered: false, severity: 'safe' } }

/** A stream as Azure OpenAI documents it: first an object about the prompt alone, filter results beside every delta. */
const azureStream = [
  {
    choices: [],
    created: 0,
    id: '',
    model: '',
    object: '',
    prompt_filter_results: [{ prompt_index: 0, content_filter_results: filterResults }],
  },
  chunk({ content_filter_results: {}, delta: { content: '', refusal: null, role: 'assistant' } }),
  chunk({ content_filter_results: filterResults, delta: { content: 'Hello' } }),
  chunk({ content_filter_results: filterResults, delta: { content: ' there' } }),
  chunk({ content_filter_results: {}, delta: {}, finish_reason: 'stop' }),
  chunk(null, { usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 } }),
]

const stream =
  (objects: readonly object[], { done = true } = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    for (const object of objects) response.write(`data: ${JSON.stringify(object)}\n\n`)
    if (done) response.end('data: [DONE]\n\n')
  }
const refusal =
  (status: number, body: object, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))

const azure = (url: string, over: object = {}) =>
  backendOf({ url, credential: 'env:AZURE_KEY', backend: { kind: 'azure-openai', ...over } })

const tool: ModelCall = {
  kind: 'chat',
  messages: [{ role: 'user', content: 'Weather in Bonn?' }],
  tools: [{ name: 'weather', parameters: { type: 'object' } }],
  maxTokens: 50,
}

describe('Azure OpenAI', () => {
  test('is asked at the deployment, with the key in its own header and no field of vLLM', async () => {
    const { url, heard } = await startModelServer(stream(azureStream))
    const { parts, answer } = await ask(azure(url), { ...tool, stop: ['x'] }, { servedName: 'gpt-4o eu' })
    expect(parts).toEqual([
      { kind: 'text', text: 'Hello', tokens: 1 },
      { kind: 'text', text: ' there', tokens: 1 },
    ])
    expect(answer).toEqual({
      kind: 'end',
      end: { kind: 'end', finishReason: 'stop', usage: { promptTokens: 9, completionTokens: 2 }, node: 'vendor' },
    })
    expect(heard[0]?.url).toBe('/openai/deployments/gpt-4o%20eu/chat/completions?api-version=2024-10-21')
    expect(heard[0]?.headers).toMatchObject({ 'api-key': 'secret of env:AZURE_KEY', 'x-request-id': 'r.1' })
    expect(heard[0]?.headers).not.toHaveProperty('authorization')
    expect(Object.keys(heard[0]?.body as object).sort()).toEqual(
      ['max_completion_tokens', 'messages', 'model', 'stop', 'stream', 'stream_options', 'tools'].sort(),
    )
  })

  test('has an undated API too, and older models that want max_tokens', async () => {
    const { url, heard } = await startModelServer(stream(azureStream))
    await ask(azure(url, { apiVersion: 'v1', maxTokensField: 'max_tokens' }), tool)
    expect(heard[0]).toMatchObject({ url: '/openai/v1/chat/completions', body: { model: 'house', max_tokens: 50 } })
  })

  test('calls tools in pieces', async () => {
    const called = (call: object) => chunk({ delta: { tool_calls: [{ index: 0, ...call }] } })
    const { url } = await startModelServer(
      stream([
        azureStream[0] ?? {},
        called({ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }),
        called({ function: { arguments: '{"city":' } }),
        called({ function: { arguments: '"Bonn"}' } }),
        chunk({ delta: {}, finish_reason: 'tool_calls' }),
      ]),
    )
    const { parts, answer } = await ask(azure(url), tool)
    expect(parts.flatMap((part) => (part.kind === 'tool-calls' ? part.calls : []))).toEqual([
      { index: 0, id: 'call_1', name: 'weather', arguments: '' },
      { index: 0, arguments: '{"city":' },
      { index: 0, arguments: '"Bonn"}' },
    ])
    expect(answer).toMatchObject({ kind: 'end', end: { finishReason: 'tool_calls' } })
  })

  test('an answer that its filter cuts ends with that reason', async () => {
    const { url } = await startModelServer(
      stream([chunk({ delta: { content: 'so far' } }), chunk({ delta: {}, finish_reason: 'content_filter' })]),
    )
    expect((await ask(azure(url), tool)).answer).toMatchObject({ kind: 'end', end: { finishReason: 'content_filter' } })
  })

  test.each([
    [
      'a prompt that its filter refuses',
      refusal(400, {
        error: {
          message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
          type: null,
          param: 'prompt',
          code: 'content_filter',
          status: 400,
          innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: { violence: { filtered: true } } },
        },
      }),
      { status: 400, refusal: 'content_filter' },
    ],
    [
      'a prompt that is too long',
      refusal(400, {
        error: {
          message: 'too long',
          type: 'invalid_request_error',
          param: 'messages',
          code: 'context_length_exceeded',
        },
      }),
      { status: 400, refusal: 'context_overflow' },
    ],
    [
      'a rate limit',
      refusal(
        429,
        { error: { code: '429', message: 'Requests have exceeded call rate limit.' } },
        { 'retry-after': '7' },
      ),
      { status: 429, retryAfterMs: 7000, refusal: null },
    ],
    [
      'a wrong key',
      refusal(401, { error: { code: '401', message: 'Access denied due to invalid subscription key.' } }),
      { status: 401, refusal: null },
    ],
    [
      'a deployment that does not exist',
      refusal(404, {
        error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' },
      }),
      { status: 404, refusal: null },
    ],
  ])('%s is told apart', async (_what, answer, expected) => {
    const { url } = await startModelServer(answer)
    expect((await ask(azure(url), tool)).answer).toMatchObject({
      kind: 'trouble',
      trouble: { kind: 'status', ...expected },
    })
  })

  test('loses its connection when the run is cancelled', async () => {
    const { url, heard } = await startModelServer(stream(azureStream.slice(0, 3), { done: false }))
    const { answer } = await ask(azure(url), tool, { leaveAt: 'first part' })
    expect(answer.kind).toBe('trouble')
    await waitFor(() => heard[0]?.closed === true, { what: 'closed connection' })
  })
})

describe('another server of the same API', () => {
  const plain = (url: string, over: object = {}) =>
    backendOf({ url: `${url}/v1`, credential: 'file:/key', backend: { kind: 'openai', ...over } })

  test('gets a bearer token and nothing that only vLLM knows', async () => {
    const { url, heard } = await startModelServer(stream([chunk({ delta: { content: 'a' }, finish_reason: 'stop' })]))
    await ask(plain(url), { ...tool, stop: ['1', '2', '3', '4', '5'], stopTrimmable: true })
    expect(heard[0]).toMatchObject({
      url: '/v1/chat/completions',
      headers: { authorization: 'Bearer secret of file:/key' },
      body: { model: 'house', max_tokens: 50, stop: ['1', '2', '3', '4'] },
    })
    for (const field of ['return_token_ids', 'cache_salt', 'priority']) expect(heard[0]?.body).not.toHaveProperty(field)
  })

  test('that cannot stream is asked for the whole, which becomes one piece', async () => {
    const whole = {
      ...chunk({ message: { role: 'assistant', content: 'all at once' }, finish_reason: 'stop' }),
      object: 'chat.completion',
      usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
    }
    const { url, heard } = await startModelServer(refusal(200, whole))
    const { parts, answer } = await ask(plain(url, { stream: false }), userSays('hi'))
    expect(parts).toEqual([{ kind: 'text', text: 'all at once', tokens: 1 }])
    expect(answer).toMatchObject({ kind: 'end', end: { finishReason: 'stop', usage: { completionTokens: 4 } } })
    expect(heard[0]?.body).toMatchObject({ stream: false })
    expect(heard[0]?.body).not.toHaveProperty('stream_options')
  })

  test('and Azure are never asked to go on with an answer; vLLM is', () => {
    expect(plain('http://a.test').continuesAnswers).toBe(false)
    expect(azure('http://b.test').continuesAnswers).toBe(false)
    expect(backendOf({ url: 'http://c.test', backend: { kind: 'vllm' } }).continuesAnswers).toBe(true)
  })

  test('that nobody reaches is unreachable', async () => {
    const { answer } = await ask(plain('http://127.0.0.1:1'), userSays('hi'))
    expect(answer).toEqual({ kind: 'trouble', trouble: { kind: 'unreachable' } })
  })
})
