import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { completionBody, startTestApp } from '../http-app.fixture.ts'
import type { TestApp } from '../http-app.fixture.ts'

/** Bad HTTP and JSON at the real edge, by the ids of the security catalogue (group H). After each the edge still serves. */
let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
beforeEach(() => {
  app.desk.asked.length = 0
})

const good = JSON.stringify(completionBody())
const post = (body: string, headers: Record<string, string> = {}) => app.gitlab('/v2/completions', { body, headers })
const stillServes = async () => expect((await post(good)).status).toBe(200)
const head = async (over: Record<string, string> = {}): Promise<string> =>
  Object.entries({ host: 'a', ...(await app.issuer.headers()), connection: 'close', ...over })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
const statusOf = (answer: string): string => /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'closed'
const withMember = (json: string) => good.replace('{', `{${json},`)

describe('H1: a content type', () => {
  it.each([
    ['application/json\t;x', '{}', 422],
    ['APPLICATION/JSON ;', '{}', 422],
    ['application/json;charset=utf-8', '{}', 422],
    ['text/plain', good, 415],
    ['application/x-www-form-urlencoded', good, 415],
    ['application/jsonx', good, 415],
  ])('%s is checked all the same, or refused: never read unchecked', async (type, body, status) => {
    expect((await post(body, { 'content-type': type })).status).toBe(status)
    expect(app.desk.asked).toEqual([])
  })
})

describe('H2: a body whose length is told twice', () => {
  it.each([
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n', '{}'],
    ['a length and chunks', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
    ['a coding that is none', 'Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'],
    ['a signed length', 'Content-Length: +2\r\n', '{}'],
    ['a length in words', 'Content-Length: two\r\n', '{}'],
    ['a bare line feed', 'X-A: b\nContent-Length: 2\r\n', '{}'],
  ])('by %s is 400 or 501, and the connection closes', async (_what, lines, body) => {
    const answer = await app.raw(`POST /v2/completions HTTP/1.1\r\n${await head()}${lines}\r\n${body}`)
    expect(['400', '501']).toContain(statusOf(answer))
    expect(app.desk.asked).toEqual([])
    await stillServes()
  })
})

describe('H3: chunks', () => {
  it('with endless extensions or sizes that are none end the connection', async () => {
    const start = `POST /v2/completions HTTP/1.1\r\n${await head()}Transfer-Encoding: chunked\r\n\r\n`
    for (const chunk of [`2;${'x'.repeat(100_000)}\r\n{}\r\n0\r\n\r\n`, 'zz\r\n{}\r\n', '-1\r\n{}\r\n'])
      expect(['400', '413', 'closed']).toContain(statusOf(await app.raw(start + chunk)))
    expect(app.desk.asked).toEqual([])
    await stillServes()
  })
})

describe('H4, H5, H6: JSON', () => {
  it.each([
    ['H4', 'a __proto__', withMember('"__proto__":{"x":1}'), 422],
    ['H4', 'a __proto__ further in', withMember('"a":{"b":[{"__proto__":1}]}'), 422],
    ['H4', 'a constructor.prototype', withMember('"constructor":{"prototype":{"x":1}}'), 422],
    ['H5', '100,000 arrays', '['.repeat(100_000) + ']'.repeat(100_000), 422],
    ['H5', 'a million members', `{${Array.from({ length: 1_000_000 }, (_, index) => `"${index}":1`).join(',')}}`, 422],
    [
      'H5',
      'a string of 10 MB where 100,000 characters are allowed',
      good.replace('total = ', 'x'.repeat(10_000_000)),
      422,
    ],
    ['H5', 'a number beyond all numbers', withMember('"project_id":1e400'), 422],
    ['H5', 'a byte order mark', `\uFEFF${good}`, 422],
    ['H5', 'a body beyond 16 MiB', good.replace('total = ', 'x'.repeat(17 * 1024 ** 2)), 413],
    [
      'H6',
      'a member that comes twice, wrong the second time',
      withMember('"stream":true').replace('"stream":false', '"stream":"maybe"'),
      422,
    ],
  ])('%s: with %s is refused', async (_id, _what, body, status) => {
    const response = await post(body)
    expect(response.status).toBe(status)
    if (status === 422) expect(await response.json()).toEqual({ detail: 'Validation error' })
    expect(({} as { x?: number }).x).toBeUndefined()
    expect(app.desk.asked).toEqual([])
    await stillServes()
  })

  it('H5: UTF-16 is refused', async () => {
    const response = await fetch(`${app.url}/v2/completions`, {
      method: 'POST',
      headers: { ...(await app.issuer.headers()), 'content-type': 'application/json' },
      body: Buffer.from(good, 'utf16le'),
    })
    expect(response.status).toBe(422)
  })

  it('H5: zeros, lone surrogates and minus zero pass as the text they are', async () => {
    const odd = 'a\\u0000b\\ud83d'
    expect((await post(good.replace('total = ', odd).replace('{', '{"project_id":-0,'))).status).toBe(200)
    const { prefix } = JSON.parse(Buffer.from(app.desk.asked[0]?.body ?? '').toString()) as { prefix: string }
    expect(prefix.startsWith('a\0b')).toBe(true)
  })

  it('H6: of a member that comes twice the last one counts, for the check and for what is asked', async () => {
    const body = withMember('"stream":true')
    expect((await post(body)).headers.get('content-type')).toBe('application/json')
  })
})

describe('H7: model settings', () => {
  const payload = { file_name: 'a.py', content_above_cursor: 'x', content_below_cursor: '' }
  const settings = { provider: 'openai', name: 'mistral', endpoint: 'http://vllm:8000/v1' }
  it.each([
    [[]],
    ['mistral'],
    [7],
    [{}],
    [{ ...settings, provider: null }],
    [{ ...settings, name: 'nobody' }],
    [{ ...settings, name: ['mistral'] }],
    [{ ...settings, endpoint: 7 }],
    [{ ...settings, endpoint: `http://vllm/${'x'.repeat(250)}` }],
    [{ ...settings, identifier: {} }],
    [{ ...settings, identifier: 'x'.repeat(1001) }],
    [{ ...settings, api_key: 'x'.repeat(2001) }],
  ])('%o are refused by every endpoint that reads them', async (model_metadata) => {
    const bodies = {
      '/v4/code/suggestions': { prompt_components: [{ type: 'code_editor_completion', payload }], model_metadata },
      '/v1/prompts/generate_commit_message': { inputs: { diff: 'x' }, model_metadata },
    }
    for (const [path, body] of Object.entries(bodies)) {
      const response = await app.gitlab(path, {
        body,
        claims: { scopes: ['complete_code', 'generate_commit_message'] },
      })
      expect([path, response.status, await response.json()]).toEqual([path, 422, { detail: 'Validation error' }])
    }
    expect(app.desk.asked).toEqual([])
  })
})

describe('H9: a compressed body', () => {
  const bomb = Buffer.alloc(16 * 1024 ** 2)
  it.each([
    ['gzip', gzipSync(bomb)],
    ['br', brotliCompressSync(bomb)],
    ['deflate', deflateSync(bomb)],
    ['zstd', zstdCompressSync(bomb)],
    ['gzip, gzip', gzipSync(gzipSync(bomb))],
  ])('of %s is refused and not unpacked', async (encoding, body) => {
    const response = await fetch(`${app.url}/v2/completions`, {
      method: 'POST',
      headers: { ...(await app.issuer.headers()), 'content-type': 'application/json', 'content-encoding': encoding },
      body,
    })
    expect(response.status).toBe(415)
    await stillServes()
  })
})

describe('H10: a path or method', () => {
  it.each([
    ['POST', '/v1/nothing', '404'],
    ['POST', '//v1/..;/v2/completions', '404'],
    ['POST', '/v2/%2e%2e/v2/completions', '404'],
    ['POST', '/v2/completions%00', '404'],
    ['POST', '/v2/completions%ff', '404'],
    ['OPTIONS', '*', '404'],
    ['TRACE', '/v2/completions', '405'],
    ['DELETE', '/v2/completions', '405'],
    ['GET', '/v2/completions', '405'],
    ['BREW', '/v2/completions', '400'],
  ])('%s %s is %s', async (method, path, status) => {
    const answer = await app.raw(`${method} ${path} HTTP/1.1\r\n${await head()}Content-Length: 0\r\n\r\n`)
    expect(statusOf(answer)).toBe(status)
    expect(answer).not.toContain('location:')
    expect(app.desk.asked).toEqual([])
  })

  it('H10: an absolute address of another host is only its path', async () => {
    const lines = await head({ 'content-type': 'application/json' })
    const answer = await app.raw(
      `POST http://evil.example.test/v2/completions HTTP/1.1\r\n${lines}Content-Length: ${Buffer.byteLength(good)}\r\n\r\n${good}`,
    )
    expect(statusOf(answer)).toBe('200')
  })

  it.each(['/v1/amazon_q/oauth/application', '/v1/amazon_q/events', '/v1/x-ray/libraries', '/docs', '/openapi.json'])(
    'H10: what is not served here, such as %s, is 404 to those with a token and 401 to others',
    async (path) => {
      const response = await app.gitlab(path, { body: {} })
      expect([response.status, await response.json()]).toEqual([404, { detail: 'Not Found' }])
      expect((await fetch(`${app.url}${path}`, { method: 'POST' })).status).toBe(401)
    },
  )
})

describe('H11, H12, H13: a header', () => {
  it.each(['evil/x?', 'x'.repeat(10_000), '[fe80::1%25eth0]', ''])('H11: Host: %.20s changes nothing', async (host) => {
    const lines = await head({ host, 'content-type': 'application/json' })
    const answer = await app.raw(
      `POST /v2/completions HTTP/1.1\r\n${lines}Content-Length: ${Buffer.byteLength(good)}\r\n\r\n${good}`,
    )
    expect(['200', '400']).toContain(statusOf(answer))
  })

  it('H12: addresses told by headers are in no log line', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9', 'x-forwarded-host': 'evil' }
    await post(good, { ...headers, 'x-request-id': 'forwarded-1' })
    expect(JSON.stringify(app.log)).not.toMatch(/203\.0\.113\.9|"evil"/)
  })

  it.each([
    ['a line break', 'a\r\nX-Injected: b', ['200']],
    ['a zero', 'a\0b', ['400']],
    ['a megabyte', 'x'.repeat(1024 ** 2), ['431', 'closed']],
  ])('H13: a client name with %s reaches neither log nor answer', async (_what, value, statuses) => {
    const lines = await head({ 'content-type': 'application/json' })
    const answer = await app.raw(
      `POST /v2/completions HTTP/1.1\r\n${lines}X-Gitlab-Client-Name: ${value}\r\nContent-Length: ${Buffer.byteLength(good)}\r\n\r\n${good}`,
    )
    expect(statuses).toContain(statusOf(answer))
    expect(answer.toLowerCase()).not.toContain('x-injected')
    expect(JSON.stringify(app.log)).not.toMatch(/\\u0000|\\r|x{200}/)
    await stillServes()
  })
})

describe('H14: HTTP/2', () => {
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  const frame = (type: number, payload: Buffer, stream: number) => {
    const head = Buffer.alloc(9)
    head.writeUIntBE(payload.length, 0, 3)
    head[3] = type
    head.writeUInt32BE(stream, 5)
    return Buffer.concat([head, payload])
  }
  const many = (one: (index: number) => Buffer) => Buffer.concat(Array.from({ length: 1000 }, (_, at) => one(at)))
  it.each([
    ['1,000 SETTINGS', many(() => frame(4, Buffer.alloc(0), 0))],
    [
      'a rapid reset',
      many((at) => Buffer.concat([frame(1, Buffer.alloc(4), 2 * at + 1), frame(3, Buffer.alloc(4), 2 * at + 1)])),
    ],
    ['a flood of CONTINUATION', many(() => frame(9, Buffer.alloc(16), 1))],
  ])('is not spoken: %s ends with the connection', async (_what, frames) => {
    const answer = await app.raw(preface + frames.toString('latin1'))
    expect(['400', 'closed']).toContain(statusOf(answer))
    expect(app.desk.asked).toEqual([])
    await stillServes()
  })

  it('is not agreed to when a client asks to upgrade', async () => {
    const lines = await head({
      'content-type': 'application/json',
      connection: 'Upgrade, HTTP2-Settings, close',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABkAAQCAAAAAAIAAAAA',
    })
    const answer = await app.raw(`POST /v2/completions HTTP/1.1\r\n${lines}Content-Length: 2\r\n\r\n{}`)
    expect(answer).not.toContain(' 101 ')
    await stillServes()
  })
})
