import { connect } from 'node:net'
import { RequestFailure } from '@penstock/contracts'
import type { ErrorCode, FailureDetail } from '@penstock/contracts'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { answerOf, completionBody, end, startTestApp, text } from '../http-app.fixture.ts'
import type { TestApp } from '../http-app.fixture.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
beforeEach(() => {
  app.desk.asked.length = 0
  app.desk.signals.length = 0
  app.desk.script = () => answerOf([text('sum('), text('values)'), end()])
})

const complete = (over: object = {}, headers: Record<string, string> = {}) =>
  app.gitlab('/v2/code/completions', {
    body: completionBody(over),
    headers: { 'x-gitlab-enabled-feature-flags': '', ...headers },
  })

describe('a code completion', () => {
  it('is the JSON of the contract, null members included', async () => {
    const response = await complete()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual({
      id: 'id',
      model: {
        engine: 'litellm',
        name: 'codestral',
        lang: 'python',
        tokens_consumption_metadata: {
          input_tokens: 120,
          output_tokens: 9,
          max_output_tokens_used: false,
          context_tokens_sent: 0,
          context_tokens_used: 0,
        },
        region: null,
      },
      experiments: [],
      object: 'text_completion',
      created: 1_763_640_000,
      choices: [{ text: 'sum(values)', index: 0, finish_reason: 'length' }],
      metadata: { enabled_feature_flags: [''] },
    })
  })

  it('is asked of the core with the model settings, and without the key in them', async () => {
    await complete({}, { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, 'x-request-id': 'corr-1' })
    const [intake] = app.desk.asked
    expect(intake).toMatchObject({
      feature: 'code-completion',
      model: {
        kind: 'metadata',
        endpoint: 'http://vllm.example.test:8000/v1',
        identifier: 'custom_openai/house-coder-32b',
        family: 'codestral',
      },
      correlationId: 'corr-1',
      principal: expect.stringMatching(/^[\da-f]{32}$/),
      affinity: [expect.stringMatching(/^[\da-f]{32}$/), expect.stringMatching(/^[\da-f]{32}$/)],
      trace: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
    })
    expect(JSON.stringify({ ...intake, body: Buffer.from(intake?.body ?? '').toString() })).not.toContain('sk-local-1')
    await complete({ model_provider: null, model_name: null, model_endpoint: null, model_identifier: null })
    expect(app.desk.asked[1]?.model).toEqual({ kind: 'default' })
  })

  it('without text has no choice', async () => {
    app.desk.script = () => answerOf([end()])
    expect(await (await complete()).json()).toMatchObject({ choices: [], model: { tokens_consumption_metadata: null } })
  })

  it('in no known language is empty, and nobody is asked', async () => {
    const current_file = { file_name: 'LICENSE', content_above_cursor: 'a', content_below_cursor: '' }
    const response = await complete({ current_file, stream: true })
    expect(await response.json()).toMatchObject({ choices: [], model: { name: 'codestral', lang: '' } })
    expect(app.desk.asked).toEqual([])
  })

  it('lists the flags of the header as a set, none without the header', async () => {
    const flagsOf = async (response: Response) =>
      ((await response.json()) as { metadata: { enabled_feature_flags: string[] } }).metadata.enabled_feature_flags
    expect(await flagsOf(await complete({}, { 'x-gitlab-enabled-feature-flags': 'a,b,a' }))).toEqual(['a', 'b'])
    expect(await flagsOf(await app.gitlab('/v2/completions', { body: completionBody() }))).toEqual([])
  })

  it('needs the scope', async () => {
    const response = await app.gitlab('/v2/code/completions', {
      body: completionBody(),
      claims: { scopes: ['generate_code'] },
    })
    expect([response.status, await response.json()]).toEqual([
      403,
      { detail: 'Unauthorized to access code completions' },
    ])
  })

  it('says what is wrong with a body only where logging is allowed, and never quotes it', async () => {
    const wrong = { current_file: { file_name: 'CANARY'.repeat(100) } }
    expect(await (await complete(wrong)).json()).toEqual({ detail: 'Validation error' })
    const verbose = await complete(wrong, { 'x-gitlab-enabled-instance-verbose-ai-logs': 'true' })
    const { detail } = (await verbose.json()) as { detail: string }
    expect(verbose.status).toBe(422)
    expect(detail).toContain('current_file.content_above_cursor')
    expect(detail).not.toContain('CANARY')
  })

  it('names a family that does not exist where details may be told', async () => {
    expect(await (await complete({ model_name: 'gpt9' })).json()).toEqual({ detail: 'Validation error' })
    const response = await complete({ model_name: 'gpt9' }, { 'x-gitlab-enabled-instance-verbose-ai-logs': 'true' })
    expect(response.status).toBe(422)
    expect(((await response.json()) as { detail: string }).detail).toContain('gpt9')
  })
})

describe('a failure before the first byte', () => {
  const tooMany = 'Too many requests. Please try again later.'
  it.each<[ErrorCode, FailureDetail, number, string | null, string | null]>([
    ['overloaded', { retryAfterMs: 6100 }, 429, tooMany, '7'],
    ['backend_unavailable', {}, 429, tooMany, '1'],
    ['store_unavailable', { retryAfterMs: 0 }, 429, tooMany, '1'],
    ['audit_unavailable', {}, 429, tooMany, '1'],
    ['cannot_continue', {}, 429, tooMany, '1'],
    ['backend_outage', {}, 503, 'Inference failed', null],
    ['deadline_exceeded', {}, 504, 'Inference timed out', null],
    ['backend_error', { upstreamStatus: 401 }, 421, '401: Unauthorized', null],
    ['unknown_model', { message: 'no model "x" is configured' }, 422, 'no model "x" is configured', null],
    ['no_default_model', { message: 'none is configured' }, 400, 'none is configured', null],
    ['model_inactive', {}, 403, 'This feature is switched off by the configuration of the gateway', null],
  ])('%s %o is %i', async (code, detail, status, said, retryAfter) => {
    app.desk.script = () => Promise.reject(new RequestFailure(code, detail))
    for (const stream of [false, true]) {
      const response = await complete({ stream })
      expect([response.status, await response.json(), response.headers.get('retry-after')]).toEqual([
        status,
        { detail: said },
        retryAfter,
      ])
    }
  })

  it('that is a bug is a plain 500 with the id and no detail', async () => {
    app.desk.script = () => Promise.reject(new Error('CANARY prompt'))
    const response = await complete({}, { 'x-request-id': 'bug-1' })
    expect([response.status, await response.text()]).toEqual([500, 'Internal Server Error'])
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(response.headers.get('x-request-id')).toBe('bug-1')
  })

  it('in the middle of an answer in one piece is still a status', async () => {
    app.desk.script = () => answerOf([text('half')], { failure: new RequestFailure('deadline_exceeded') })
    expect((await complete()).status).toBe(504)
  })
})

describe('a streamed code completion', () => {
  const streamed = () => complete({ stream: true })

  it('is the raw text, and nothing else', async () => {
    const response = await streamed()
    expect(response.status).toBe(200)
    expect(
      Object.fromEntries(
        ['content-type', 'x-accel-buffering', 'cache-control', 'content-length'].map((name) => [
          name,
          response.headers.get(name),
        ]),
      ),
    ).toEqual({
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
      'cache-control': 'no-store',
      'content-length': null,
    })
    expect(response.headers.get('x-process-time')).toMatch(/^\d/)
    expect(await response.text()).toBe('sum(values)')
  })

  it('without text is an empty 200', async () => {
    app.desk.script = () => answerOf([end()])
    const response = await streamed()
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  it('arrives part by part', async () => {
    const goOn = Promise.withResolvers<void>()
    app.desk.script = () =>
      answerOf(
        (async function* () {
          yield text('first')
          await goOn.promise
          yield text('second')
          yield end()
        })(),
      )
    const reader = (await streamed()).body?.getReader()
    expect(Buffer.from((await reader?.read())?.value ?? '').toString()).toBe('first')
    goOn.resolve()
    expect(Buffer.from((await reader?.read())?.value ?? '').toString()).toBe('second')
    expect((await reader?.read())?.done).toBe(true)
  })

  it('never splits a character between two writes', async () => {
    app.desk.script = () => answerOf([text('a\ud83d'), text('\ude00b'), text('é'), end()])
    expect(await (await streamed()).text()).toBe('a😀bé')
  })

  it('of Mixtral has its underscores unescaped, also between parts', async () => {
    app.desk.script = () => answerOf([text('a\\_b\\'), text('_c'), end()], { family: 'mixtral' })
    expect(await (await streamed()).text()).toBe('a_b_c')
  })

  it('that fails on the way delivers what there was and breaks off, without a word in the text', async () => {
    app.desk.script = () => answerOf([text('half')], { failure: new RequestFailure('cannot_continue') })
    const response = await streamed()
    let received = ''
    await expect(async () => {
      for await (const piece of response.body ?? []) received += Buffer.from(piece).toString()
    }).rejects.toThrow('terminated')
    expect(received).toBe('half')
  })

  it('that fails on the way is reset for clients of HTTP/1.0, where the end of the connection would be a clean end', async () => {
    app.desk.script = () => answerOf([text('half')], { failure: new RequestFailure('cannot_continue') })
    const head = Object.entries(await app.issuer.headers())
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
    const body = JSON.stringify(completionBody({ stream: true }))
    const socket = connect(app.port, '127.0.0.1')
    const failed = new Promise<Error | null>((resolve) => {
      socket.once('error', resolve)
      socket.once('end', () => resolve(null))
    })
    socket.resume()
    socket.write(
      `POST /v2/completions HTTP/1.0\r\n${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
    expect(await failed).toMatchObject({ code: 'ECONNRESET' })
  })

  it('whose client leaves aborts the request', async () => {
    const leave = new AbortController()
    app.desk.script = (_intake, gone) =>
      answerOf(
        (async function* () {
          yield text('first')
          await new Promise((resolve) => gone.addEventListener('abort', resolve))
          throw new RequestFailure('cancelled')
        })(),
      )
    const response = await app.gitlab('/v2/completions', {
      body: completionBody({ stream: true }),
      signal: leave.signal,
    })
    await response.body?.getReader().read()
    leave.abort()
    await vi.waitFor(() => expect(app.desk.signals[0]?.aborted).toBe(true))
  })

  it('whose client leaves before the first byte aborts the request, and is logged as 499', async () => {
    const leave = new AbortController()
    app.desk.script = (_intake, gone) =>
      new Promise((_resolve, reject) => gone.addEventListener('abort', () => reject(gone.reason as Error)))
    const asked = app.gitlab('/v2/completions', {
      body: completionBody(),
      headers: { 'x-request-id': 'left-1' },
      signal: leave.signal,
    })
    await vi.waitFor(() => expect(app.desk.signals).toHaveLength(1))
    leave.abort()
    await expect(asked).rejects.toThrow('aborted')
    await vi.waitFor(() =>
      expect(app.log.find(({ fields }) => fields['correlation_id'] === 'left-1')?.fields).toMatchObject({
        status: 499,
        failure: 'cancelled',
      }),
    )
  })

  it('whose client does not read is cut off, and the request ends as too slow', async () => {
    app.desk.script = (_intake, gone) =>
      answerOf(
        (async function* () {
          while (!gone.aborted) {
            yield text('x'.repeat(16_384))
            await new Promise((resolve) => setImmediate(resolve))
          }
          throw gone.reason
        })(),
      )
    const head = Object.entries(await app.issuer.headers())
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
    const body = JSON.stringify(completionBody({ stream: true }))
    const socket = connect(app.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(
      `POST /v2/completions HTTP/1.1\r\nHost: a\r\nX-Request-ID: slow-1\r\n${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
    socket.pause()
    await vi.waitFor(() => expect(app.desk.signals[0]?.reason).toMatchObject({ code: 'client_too_slow' }), {
      timeout: 5000,
    })
    await vi.waitFor(() =>
      expect(app.log.find(({ fields }) => fields['correlation_id'] === 'slow-1')?.fields['failure']).toBe(
        'client_too_slow',
      ),
    )
    socket.destroy()
  })
})
