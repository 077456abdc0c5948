import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { completionBody, startTestApp } from './http-app.fixture.ts'
import type { TestApp } from './http-app.fixture.ts'

const limit = 64 * 1024
let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ bodyBytesMax: limit, bodyBudgetBytes: 2 * limit })
})
afterAll(() => app[Symbol.asyncDispose]())

const post = (body: string, headers: Record<string, string> = {}) => app.gitlab('/v2/completions', { body, headers })
const answerOf = async (response: Response) => [response.status, await response.json()]
const good = JSON.stringify(completionBody())
const validationError = [422, { detail: 'Validation error' }]

describe('a body', () => {
  it.each(['application/json', 'APPLICATION/JSON', 'application/json; charset=utf-8', 'application/json ;x=1'])(
    'of type %s is read',
    async (type) => {
      expect((await post(good, { 'content-type': type })).status).toBe(200)
      expect(await answerOf(await post('{}', { 'content-type': type }))).toEqual(validationError)
    },
  )

  it.each(['text/plain', 'application/json\t;x', 'application/xml', 'multipart/form-data; boundary=x'])(
    'of type %s is refused or checked all the same',
    async (type) => {
      expect([415, 422]).toContain((await post('{}', { 'content-type': type })).status)
    },
  )

  it('without a type is checked as JSON', async () => {
    const head = Object.entries(await app.issuer.headers())
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
    const send = (body: string) =>
      app.raw(
        `POST /v2/completions HTTP/1.1\r\nHost: a\r\n${head}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
    expect(await send(good)).toMatch(/^HTTP\/1\.1 200 /)
    expect(await send('{}')).toMatch(/^HTTP\/1\.1 422 /)
    expect(await send('')).toMatch(/^HTTP\/1\.1 422 /)
  })

  it.each([
    ['no JSON', '{"a":'],
    ['deeper than 64 levels', '['.repeat(65) + ']'.repeat(65)],
    ['many levels and no end', '['.repeat(50_000)],
    ['a list', '[]'],
    ['a __proto__', good.replace('{', '{"__proto__":{"x":1},')],
    ['an escaped __proto__', good.replace('{', '{"\\u005f_proto__":{"x":1},')],
    ['a constructor.prototype', good.replace('{', '{"a":[{"constructor":{"prototype":{"x":1}}}],')],
    ['a byte order mark', `\uFEFF${good}`],
  ])('that is %s is a validation error', async (_what, body) => {
    expect(await answerOf(await post(body))).toEqual(validationError)
    expect(({} as { x?: number }).x).toBeUndefined()
  })

  it('with brackets, quotes and prototypes inside its texts is fine', async () => {
    const above = `${'[{'.repeat(100)} "__proto__": {"constructor": {"prototype": 1}} \\" \\\\`
    const current_file = { file_name: 'a.py', content_above_cursor: above, content_below_cursor: '' }
    expect((await post(JSON.stringify(completionBody({ current_file })))).status).toBe(200)
    expect(JSON.parse(Buffer.from(app.desk.asked.at(-1)?.body ?? '').toString())).toMatchObject({ prefix: above })
  })

  it('that is not UTF-8 is a validation error', async () => {
    const response = await fetch(`${app.url}/v2/completions`, {
      method: 'POST',
      headers: { ...(await app.issuer.headers()), 'content-type': 'application/json' },
      body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    })
    expect(await answerOf(response)).toEqual(validationError)
  })

  it('of which a member comes twice counts by the last', async () => {
    expect((await post(good.replace('{', '{"stream":true,'))).headers.get('content-type')).toBe('application/json')
  })

  it('that is compressed is refused unread', async () => {
    const headers = { ...(await app.issuer.headers()), 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const response = await fetch(`${app.url}/v2/completions`, { method: 'POST', headers, body: gzipSync(good) })
    expect(response.status).toBe(415)
  })

  it('above the limit is refused with the limit, announced or not', async () => {
    const tooLong = [413, { detail: `The request body is larger than the limit of ${limit} bytes.` }]
    expect(await answerOf(await post('x'.repeat(limit + 1)))).toEqual(tooLong)
    expect(await answerOf(await post('x'.repeat(100 * limit)))).toEqual(tooLong)
    const chunked = await fetch(`${app.url}/v2/completions`, {
      method: 'POST',
      headers: { ...(await app.issuer.headers()), 'content-type': 'application/json' },
      body: Readable.toWeb(Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(8192, 'x')))) as ReadableStream,
      duplex: 'half',
    } as RequestInit)
    expect(await answerOf(chunked)).toEqual(tooLong)
    expect(app.bodyBytes()).toBe(0)
  })

  it('that is refused is read to its end: a client that sends first and reads then gets the answer, and its connection is closed', async () => {
    const answerTo = async (headers: Record<string, string>): Promise<string> => {
      const body = 'x'.repeat(256 * limit)
      const sent = {
        'content-type': 'application/json',
        'content-length': body.length,
        connection: 'close',
        ...headers,
      }
      const head = Object.entries(sent).map(([name, value]) => `${name}: ${value}\r\n`)
      const socket = connect(Number(new URL(app.url).port), '127.0.0.1')
      socket.pause()
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.write(`POST /v2/completions HTTP/1.1\r\nHost: a\r\n${head.join('')}\r\n${body}`, () => resolve())
      })
      return await text(socket)
    }
    expect(await answerTo(await app.issuer.headers())).toMatch(/^HTTP\/1\.1 413 /)
    expect(await answerTo({})).toMatch(/^HTTP\/1\.1 401 [^]*\{"error":"No authorization header presented"\}$/)
  })

  it('without room beside those under way is refused with 429, and there is room again afterwards', async () => {
    const held = Promise.withResolvers<never>()
    app.desk.script = () => held.promise
    const big = JSON.stringify(completionBody({ padding: 'x'.repeat(limit - 2000) }))
    const leave = new AbortController()
    const first = [1, 2].map(() => app.gitlab('/v2/completions', { body: big, signal: leave.signal }).catch(() => null))
    await vi.waitFor(() => expect(app.bodyBytes()).toBeGreaterThan(limit))
    const refused = await post(big)
    expect(await answerOf(refused)).toEqual([429, { detail: 'Too many requests. Please try again later.' }])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    leave.abort()
    await Promise.all(first)
    await vi.waitFor(() => expect(app.bodyBytes()).toBe(0))
  })
})
