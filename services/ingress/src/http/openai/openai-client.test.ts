import { RequestFailure } from '@penstock/contracts'
import type { ErrorCode, FailureDetail } from '@penstock/contracts'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AnswerPart } from '../../core/intake.ts'
import { answerOf, end, limitedKey, openAiKey, startTestApp, text } from '../http-app.fixture.ts'
import type { TestApp } from '../http-app.fixture.ts'

let app: TestApp
let client: OpenAI
beforeAll(async () => {
  app = await startTestApp({ bodyBytesMax: 64 * 1024 })
  client = new OpenAI({ baseURL: `${app.url}/v1`, apiKey: openAiKey, maxRetries: 0 })
})
afterAll(() => app[Symbol.asyncDispose]())
beforeEach(() => {
  app.desk.asked.length = 0
  app.desk.signals.length = 0
  app.desk.script = () => answerOf([text('Hello '), text('"wörld"\n\ndata: [DONE]\n\n\u2028'), end()])
})

const said = 'Hello "wörld"\n\ndata: [DONE]\n\n\u2028'
const request = { model: 'chatter', messages: [{ role: 'user' as const, content: 'Hi' }] }

describe('the openai client', () => {
  it('gets a chat in one piece', async () => {
    const answer = await client.chat.completions.create(request)
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      model: 'chatter',
      choices: [{ index: 0, message: { role: 'assistant', content: said }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 120, completion_tokens: 9, total_tokens: 129 },
    })
    expect(app.desk.asked[0]).toMatchObject({
      feature: 'openai-chat',
      model: { kind: 'name', name: 'chatter' },
      principal: expect.stringMatching(/^[\da-f]{32}$/),
    })
  })

  it('gets a streamed chat, with the usage when it asks', async () => {
    const chunks = []
    for await (const chunk of await client.chat.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    }))
      chunks.push(chunk)
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' })
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(said)
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop')
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 129 } })
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
    const without = []
    for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) without.push(chunk)
    expect(without.some((chunk) => 'usage' in chunk)).toBe(false)
  })

  it('gets one answer in one piece where half of another came first', async () => {
    const calling = (args: string): AnswerPart => ({
      kind: 'tool-calls',
      calls: [{ index: 0, id: 'call-1', name: 'find', arguments: args }],
    })
    const thinking: AnswerPart = { kind: 'reasoning', text: 'hm', tokens: 1 }
    const broken = [thinking, text('I '), calling('{"pa')]
    app.desk.script = () =>
      answerOf([...broken, { kind: 'anew' }, thinking, text('I look'), calling('{"path":1}'), end()])
    const { choices } = await client.chat.completions.create(request)
    expect(choices[0]?.message).toMatchObject({
      content: 'I look',
      reasoning: 'hm',
      tool_calls: [{ id: 'call-1', function: { name: 'find', arguments: '{"path":1}' } }],
    })
  })

  it('gets reasoning and a tool call, in pieces and whole', async () => {
    const calls = [
      { index: 0, id: 'call-1', name: 'read_file', arguments: '{"path":' },
      { index: 0, arguments: '"a.ts"}' },
    ]
    app.desk.script = () =>
      answerOf([
        { kind: 'reasoning', text: 'Let me see.', tokens: 3 },
        ...calls.map((call) => ({ kind: 'tool-calls' as const, calls: [call] })),
        end({ finishReason: 'tool_calls' }),
      ])
    const tools: OpenAI.ChatCompletionTool[] = [
      {
        type: 'function',
        function: { name: 'read_file', parameters: { type: 'object', properties: { path: { type: 'string' } } } },
      },
    ]
    const expected = [{ id: 'call-1', type: 'function', function: { name: 'read_file', arguments: '{"path":"a.ts"}' } }]
    const streamed = await client.chat.completions.stream({ ...request, tools }).finalMessage()
    expect(streamed.tool_calls).toMatchObject(expected)
    const whole = await client.chat.completions.create({ ...request, tools })
    expect(whole.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: null, tool_calls: expected },
    })
    expect(whole.choices[0]?.message).toMatchObject({ reasoning: 'Let me see.' })
  })

  it('gets a text completion, streamed and whole', async () => {
    const whole = await client.completions.create({ model: 'coder', prompt: 'def ' })
    expect(whole).toMatchObject({ object: 'text_completion', choices: [{ text: said, finish_reason: 'stop' }] })
    let streamed = ''
    for await (const chunk of await client.completions.create({ model: '\u0000', prompt: 'def ', stream: true }))
      streamed += chunk.choices[0]?.text ?? ''
    expect(streamed).toBe(said)
  })

  it('lists the models its key may use', async () => {
    const idsFor = async (apiKey: string) =>
      (await client.withOptions({ apiKey }).models.list()).data.map(({ id }) => id)
    expect(await idsFor(openAiKey)).toEqual(['coder', 'chatter', 'embedder'])
    expect(await idsFor(limitedKey)).toEqual(['chatter'])
    expect(await client.models.retrieve('house/coder-32b')).toMatchObject({ id: 'coder', object: 'model' })
    await expect(client.withOptions({ apiKey: limitedKey }).models.retrieve('coder')).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    )
  })

  it('aborts the request when it leaves', async () => {
    app.desk.script = (_intake, gone) =>
      answerOf(
        (async function* () {
          yield text('first')
          await new Promise((resolve) => gone.addEventListener('abort', resolve))
          throw new RequestFailure('cancelled')
        })(),
      )
    const stream = await client.chat.completions.create({ ...request, stream: true })
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
    await vi.waitFor(() => expect(app.desk.signals[0]?.aborted).toBe(true))
  })

  it('hears of a failure on the way, and never of a clean end', async () => {
    app.desk.script = () => answerOf([text('half')], { failure: new RequestFailure('cannot_continue') })
    let received = ''
    const read = async () => {
      for await (const chunk of await client.chat.completions.create({ ...request, stream: true }))
        received += chunk.choices[0]?.delta.content ?? ''
    }
    await expect(read()).rejects.toBeInstanceOf(OpenAI.APIError)
    expect(received).toBe('half')
    const response = await app.openAi('/v1/chat/completions', { ...request, stream: true })
    let raw = ''
    await expect(async () => {
      for await (const piece of response.body ?? []) raw += Buffer.from(piece).toString()
    }).rejects.toThrow('terminated')
    expect(raw).toMatch(/data: \{"error":\{.*"code":"rate_limit_exceeded"\}\}\n\n$/)
    expect(raw).not.toContain('[DONE]')
  })
})

describe('an error of the OpenAI front', () => {
  it.each([
    ['no key', {}],
    ['another key', { authorization: 'Bearer sk-wrong' }],
    ['another scheme', { authorization: `Basic ${openAiKey}` }],
  ])('for %s is 401 invalid_api_key, on every method', async (_what, headers: Record<string, string>) => {
    for (const method of ['GET', 'POST']) {
      const response = await fetch(`${app.url}/v1/chat/completions`, { method, headers })
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({
        error: { type: 'invalid_request_error', code: 'invalid_api_key', param: null },
      })
    }
  })

  it("for a token of GitLab's is 401: it opens nothing here", async () => {
    expect((await app.gitlab('/v1/models', { method: 'GET' })).status).toBe(401)
    expect((await app.openAi('/v2/completions', {})).status).toBe(401)
  })

  it('has the classes that the client knows', async () => {
    const chat = (over: object) =>
      client.chat.completions.create({ ...request, ...over } as OpenAI.ChatCompletionCreateParamsNonStreaming)
    await expect(chat({ n: 3 })).rejects.toMatchObject({
      constructor: OpenAI.BadRequestError,
      param: 'n',
      type: 'invalid_request_error',
    })
    await expect(chat({ temprature: 1 })).rejects.toMatchObject({ status: 400, param: 'temprature' })
    await expect(chat({ messages: [] })).rejects.toBeInstanceOf(OpenAI.BadRequestError)
    await expect(
      client.withOptions({ apiKey: limitedKey }).chat.completions.create({ ...request, model: 'coder' }),
    ).rejects.toMatchObject({ constructor: OpenAI.NotFoundError, code: 'model_not_found', param: 'model' })
    expect(app.desk.asked).toEqual([])
  })

  it.each<[ErrorCode, FailureDetail, object]>([
    ['unknown_model', { message: 'no model "x"', param: 'model' }, { status: 404, code: 'model_not_found' }],
    ['overloaded', { retryAfterMs: 2500 }, { status: 429, code: 'rate_limit_exceeded' }],
    ['backend_unavailable', {}, { status: 429, code: 'rate_limit_exceeded' }],
    ['backend_outage', {}, { status: 503, type: 'server_error' }],
    ['deadline_exceeded', {}, { status: 504, type: 'server_error' }],
    ['backend_error', { upstreamStatus: 400 }, { status: 400, type: 'invalid_request_error' }],
    ['backend_error', { upstreamStatus: 500 }, { status: 502, type: 'server_error' }],
    ['internal', {}, { status: 500, type: 'server_error' }],
  ])('for %s %o is %o', async (code, detail, expected) => {
    app.desk.script = () => Promise.reject(new RequestFailure(code, detail))
    await expect(client.chat.completions.create({ ...request, stream: true })).rejects.toMatchObject(expected)
  })

  it('tells when to come back', async () => {
    app.desk.script = () => Promise.reject(new RequestFailure('overloaded', { retryAfterMs: 2500 }))
    expect((await app.openAi('/v1/chat/completions', request)).headers.get('retry-after')).toBe('3')
  })

  it('for a body or a method says what is wrong', async () => {
    const bodyOf = async (response: Response) => [
      response.status,
      ((await response.json()) as { error: { message: string } }).error.message,
    ]
    expect(await bodyOf(await app.openAi('/v1/chat/completions', '{"a":'))).toEqual([
      400,
      'The request body is not valid JSON.',
    ])
    expect(await bodyOf(await app.openAi('/v1/chat/completions', 'x'.repeat(70_000)))).toEqual([
      413,
      expect.stringContaining('65536'),
    ])
    const zipped = await fetch(`${app.url}/v1/completions`, {
      method: 'POST',
      body: '{}',
      headers: { authorization: `Bearer ${openAiKey}`, 'content-encoding': 'gzip' },
    })
    expect(zipped.status).toBe(415)
    const wrong = await app.openAi('/v1/chat/completions')
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST'])
  })
})
