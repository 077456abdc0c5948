import Anthropic from '@anthropic-ai/sdk'
import type { ErrorCode, FailureDetail } from '@penstock/contracts'
import { RequestFailure } from '@penstock/contracts'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { answerOf, end, startTestApp, text } from '../http-app.fixture.ts'
import type { TestApp } from '../http-app.fixture.ts'

let app: TestApp
let anthropic: Anthropic
let openai: OpenAI
const purpose = 'ai_gateway_model_provider_proxy'

beforeAll(async () => {
  app = await startTestApp({ bodyBytesMax: 64 * 1024 })
  const { authorization, ...headers } = (await app.issuer.headers({ scopes: [purpose] })) as Record<string, string>
  const defaultHeaders = { ...headers, 'x-gitlab-unit-primitive': purpose }
  const token = (authorization ?? '').replace('Bearer ', '')
  anthropic = new Anthropic({
    apiKey: null,
    authToken: token,
    baseURL: `${app.url}/ai/v1/proxy/anthropic/`,
    defaultHeaders,
    maxRetries: 0,
  })
  openai = new OpenAI({ apiKey: token, baseURL: `${app.url}/ai/v1/proxy/openai/v1`, defaultHeaders, maxRetries: 0 })
})
afterAll(() => app[Symbol.asyncDispose]())
beforeEach(() => {
  app.desk.asked.length = 0
  app.desk.signals.length = 0
  app.desk.script = () => answerOf([text('Hello '), text('there'), end()])
})

const question = { model: 'claude-sonnet-4-6', max_tokens: 50, messages: [{ role: 'user' as const, content: 'Hi' }] }
const tools = [{ name: 'read_file', input_schema: { type: 'object' as const, properties: { path: {} } } }]
const toolCall = () =>
  answerOf([
    { kind: 'reasoning', text: 'Let me see.', tokens: 3 },
    text('Reading.'),
    { kind: 'tool-calls', calls: [{ index: 0, id: 'call-1', name: 'read_file', arguments: '{"path":' }] },
    { kind: 'tool-calls', calls: [{ index: 0, arguments: '"a.ts"}' }] },
    end({ finishReason: 'tool_calls' }),
  ])

describe('the anthropic client', () => {
  it('gets a message in one piece from the default model', async () => {
    expect(await anthropic.messages.create(question)).toMatchObject({
      id: expect.stringMatching(/^msg_/),
      role: 'assistant',
      model: 'claude-sonnet-4-6',
      content: [{ type: 'text', text: 'Hello there' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 120, output_tokens: 9 },
    })
    expect(app.desk.asked[0]).toMatchObject({
      feature: 'anthropic-messages',
      model: { kind: 'metadata', identifier: 'claude-sonnet-4-6' },
    })
  })

  it('streams a message, and knows the stop sequence that ended it', async () => {
    app.desk.script = () => answerOf([text('one '), text('two'), end({ stopString: 'END' })])
    const texts: string[] = []
    const message = await anthropic.messages
      .stream({ ...question, stop_sequences: ['END'] })
      .on('text', (piece) => texts.push(piece))
      .finalMessage()
    expect(texts).toEqual(['one ', 'two'])
    expect(message).toMatchObject({
      content: [{ type: 'text', text: 'one two' }],
      stop_reason: 'stop_sequence',
      stop_sequence: 'END',
      usage: { input_tokens: 120, output_tokens: 9 },
    })
  })

  it('gets a tool call, in pieces and whole, and what the model thinks only when it asks', async () => {
    app.desk.script = toolCall
    const expected = [
      { type: 'text', text: 'Reading.' },
      { type: 'tool_use', id: 'call-1', name: 'read_file', input: { path: 'a.ts' } },
    ]
    const streamed = await anthropic.messages.stream({ ...question, tools }).finalMessage()
    expect(streamed).toMatchObject({ content: expected, stop_reason: 'tool_use' })
    const whole = await anthropic.messages.create({ ...question, tools })
    expect(whole).toMatchObject({ content: expected, stop_reason: 'tool_use' })
    const thoughtful = await anthropic.messages
      .stream({ ...question, tools, thinking: { type: 'enabled', budget_tokens: 1024 } })
      .finalMessage()
    expect(thoughtful.content[0]).toMatchObject({ type: 'thinking', thinking: 'Let me see.' })
  })

  it('sends results of tools back as the model knows them', async () => {
    await anthropic.messages.create({
      ...question,
      tools,
      system: 'Be brief.',
      messages: [
        ...question.messages,
        { role: 'assistant', content: [{ type: 'tool_use', id: 'call-1', name: 'read_file', input: { path: 'a' } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call-1', content: 'A' }] },
      ],
    })
    const input = JSON.parse(Buffer.from(app.desk.asked[0]?.body ?? []).toString()) as { messages: { role: string }[] }
    expect(input.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool'])
  })

  it('counts tokens without asking a model', async () => {
    expect(
      (await anthropic.messages.countTokens({ ...question, max_tokens: undefined } as never)).input_tokens,
    ).toBeGreaterThan(0)
    expect(app.desk.asked).toEqual([])
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
    const stream = anthropic.messages.stream(question)
    stream.on('text', () => stream.abort())
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(Anthropic.APIUserAbortError)
    await vi.waitFor(() => expect(app.desk.signals[0]?.aborted).toBe(true))
  })

  it.each<[ErrorCode, FailureDetail, object]>([
    ['overloaded', { retryAfterMs: 2500 }, { status: 429, constructor: Anthropic.RateLimitError }],
    ['backend_outage', {}, { status: 503, constructor: Anthropic.ServiceUnavailableError }],
    ['deadline_exceeded', {}, { status: 504 }],
    ['backend_error', { upstreamStatus: 400, message: 'The prompt is too long.' }, { status: 400 }],
    ['backend_error', { upstreamStatus: 500 }, { status: 502 }],
    ['model_inactive', {}, { status: 403, constructor: Anthropic.PermissionDeniedError }],
  ])('hears of %s %o ahead of an answer as %o', async (code, detail, expected) => {
    app.desk.script = () => Promise.reject(new RequestFailure(code, detail))
    await expect(anthropic.messages.create({ ...question, stream: true })).rejects.toMatchObject({
      ...expected,
      error: { type: 'error', error: { type: expect.stringMatching(/_error$/), message: expect.any(String) } },
    })
  })

  it('hears of a failure on the way, and never of a clean end', async () => {
    app.desk.script = () => answerOf([text('half')], { failure: new RequestFailure('cannot_continue') })
    const stream = anthropic.messages.stream(question)
    let received = ''
    stream.on('text', (piece) => (received += piece))
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(Anthropic.APIError)
    expect(received).toBe('half')
  })

  it('is told what it may not ask, in the words it knows', async () => {
    const older = { ...question, top_k: 5 }
    await expect(anthropic.messages.create(older)).rejects.toMatchObject({
      constructor: Anthropic.BadRequestError,
      error: { error: { type: 'invalid_request_error', message: expect.stringContaining('top_k') } },
    })
  })
})

describe('the openai client', () => {
  it('chats with the model it names or the default one', async () => {
    const chat = { messages: question.messages }
    const whole = await openai.chat.completions.create({ ...chat, model: 'gpt-5.1-2025-11-13' })
    expect(whole.choices[0]?.message.content).toBe('Hello there')
    await openai.chat.completions.create({ ...chat, model: 'chatter' })
    expect(app.desk.asked.map(({ feature, model }) => [feature, model])).toEqual([
      ['openai-chat', { kind: 'metadata', identifier: 'gpt-5.1-2025-11-13' }],
      ['openai-chat', { kind: 'name', name: 'chatter' }],
    ])
  })

  it('lists the models', async () => {
    expect((await openai.models.list()).data.map(({ id }) => id)).toEqual(['coder', 'chatter', 'embedder'])
  })

  it('gets a response with a tool call, in pieces and whole', async () => {
    app.desk.script = toolCall
    const request = {
      model: 'gpt-5-codex',
      instructions: 'Be brief.',
      input: 'Read a.ts',
      tools: [{ type: 'function' as const, name: 'read_file', parameters: { type: 'object' }, strict: false }],
    }
    const expected = [
      { type: 'message', content: [{ type: 'output_text', text: 'Reading.' }] },
      { type: 'function_call', call_id: 'call-1', name: 'read_file', arguments: '{"path":"a.ts"}' },
    ]
    const whole = await openai.responses.create(request)
    expect(whole).toMatchObject({ output: expected, status: 'completed', output_text: 'Reading.' })
    expect(await openai.responses.stream(request).finalResponse()).toMatchObject({ output: expected })
  })
})

describe('a call is refused in the order of the contract', () => {
  const post = (path: string, body: unknown, headers: Record<string, string> = {}, scopes = [purpose]) =>
    app.gitlab(`/v1/proxy/${path}`, { body, headers, claims: { scopes } })
  const told = async (answer: Promise<Response>) => {
    const response = await answer
    return [response.status, ((await response.json()) as { detail?: string }).detail]
  }
  const up = (name: string) => ({ 'x-gitlab-unit-primitive': name })

  it('no purpose, an unknown one, one not granted, one that is no purpose', async () => {
    expect(await told(post('nowhere', '{'))).toEqual([400, 'Missing x-gitlab-unit-primitive header'])
    expect(await told(post('nowhere', '{', up('bake_cake')))).toEqual([400, 'Unknown unit primitive header bake_cake'])
    expect(await told(post('nowhere', '{', up('duo_chat')))).toEqual([403, 'Unauthorized to access duo_chat'])
    expect(await told(post('nowhere', '{', up('complete_code'), ['complete_code']))).toEqual([
      400,
      'This endpoint cannot be used for complete_code purpose',
    ])
  })

  it('then the path, the JSON, the model', async () => {
    const vertex = 'vertex-ai/v1/projects/p/locations/l/publishers/google/models/gemini-2:generateContent'
    for (const path of ['nowhere', 'anthropic/v1/complete', 'openai/v1/files', vertex])
      expect(await told(post(path, '{', up(purpose)))).toEqual([404, 'Not found'])
    expect(await told(post('anthropic/v1/messages?beta=true', '{', up(purpose)))).toEqual([400, 'Invalid JSON'])
    expect(await told(post('openai/v1/chat/completions', { messages: [] }, up(purpose)))).toEqual([
      400,
      'Failed to extract model name',
    ])
    expect(app.desk.asked).toEqual([])
  })

  it('a vendor model is unsupported where no default is configured', async () => {
    const answer = post('openai/v1/completions', { model: 'gpt-3.5-turbo-instruct', prompt: 'x' }, up(purpose))
    expect(await told(answer)).toEqual([400, 'Unsupported model'])
  })

  it('a key of the OpenAI front opens no proxy', async () => {
    expect((await app.openAi('/v1/proxy/openai/v1/chat/completions', {})).status).toBe(401)
  })
})
