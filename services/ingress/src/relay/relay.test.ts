import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestApp } from '../http/http-app.fixture.ts'
import type { TestApp } from '../http/http-app.fixture.ts'

interface Heard {
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown>
  closed: boolean
}

const heard: Heard[] = []
let answer: (response: ServerResponse) => void
const vendor = createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  request.on('end', () => {
    const one = { url: request.url ?? '', headers: request.headers, body: JSON.parse(text) as never, closed: false }
    heard.push(one)
    response.once('close', () => (one.closed = true))
    answer(response)
  })
})

let app: TestApp
let unreachable: TestApp
beforeAll(async () => {
  await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}/ai`
  const features = { 'code-completion': { gateway: 'cloud' } }
  app = await startTestApp({ configure: { features, gateways: [{ name: 'cloud', url, inFlightMax: 1 }] } })
  const nowhere = [{ name: 'cloud', url: 'http://127.0.0.1:1', credential: 'env:CLOUD' }]
  unreachable = await startTestApp({ configure: { features, gateways: nowhere } })
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await unreachable[Symbol.asyncDispose]()
  vendor.closeAllConnections()
  await new Promise((resolve) => vendor.close(resolve))
})
beforeEach(() => {
  answer = (response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":[{"text":"sum()"}]}')
})
afterEach(() => {
  heard.length = 0
  app.records.length = 0
})

const body = {
  prompt_version: 1,
  current_file: {
    file_name: 'a.py',
    language_identifier: 'python',
    content_above_cursor: 'x = ',
    content_below_cursor: '',
  },
  model_provider: 'litellm',
  model_name: 'codestral',
  model_endpoint: 'http://vllm.internal:8000/v1',
  model_api_key: 'sk-local-secret',
}
const complete = (over: Parameters<TestApp['gitlab']>[1] = {}, at = app) =>
  at.gitlab('/v2/code/completions', { body, claims: { scopes: ['complete_code'] }, ...over })
const recordTypes = () => app.records.map(({ type }) => type)

describe('a feature that is sent to a vendor', () => {
  it('is answered by the configured gateway, with the request’s own token and allow-listed headers', async () => {
    const response = await complete({
      headers: { cookie: 'session=1', 'x-forwarded-for': '10.1.1.1', 'x-request-id': 'c1' },
    })
    expect([response.status, response.headers.get('content-type'), await response.json()]).toEqual([
      200,
      'application/json',
      { choices: [{ text: 'sum()' }] },
    ])
    expect(heard[0]?.url).toBe('/ai/v2/code/completions')
    expect(app.desk.asked).toEqual([])
    expect(heard[0]?.headers).toMatchObject({ 'x-request-id': 'c1', 'x-gitlab-realm': 'self-managed' })
    expect(heard[0]?.headers.authorization).toMatch(/^Bearer ey/)
    for (const name of ['cookie', 'x-forwarded-for']) expect(heard[0]?.headers).not.toHaveProperty(name)
  })

  it('never tells the vendor where our models are, nor their keys', async () => {
    await complete()
    expect(heard[0]?.body).toEqual({ prompt_version: 1, current_file: body.current_file })
    expect(JSON.stringify(heard)).not.toMatch(/vllm\.internal|sk-local/)
  })

  it('is recorded before its body leaves and before its last byte returns, and logged as leaving', async () => {
    answer = (response) => {
      expect(recordTypes()).toEqual(['request.accepted'])
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end('def')
    }
    expect(await (await complete()).text()).toBe('def')
    expect(recordTypes()).toEqual(['request.accepted', 'response.completed'])
    expect(app.records[0]?.data).toMatchObject({ feature: 'code-completion', gateway: 'cloud', leaves_domain: true })
    expect(app.log).toContainEqual({
      message: 'request leaves the domain',
      fields: expect.objectContaining({ feature: 'code-completion', gateway: 'cloud', leaves_domain: true }),
    })
  })

  it('shows in readiness', async () => {
    const ready = await app.gitlab('/monitoring/ready', { method: 'GET' })
    expect(await ready.json()).toMatchObject({
      status: 'ready',
      leaves_domain: [{ feature: 'code-completion', gateway: 'cloud' }],
    })
  })

  it('is authorised and validated here first', async () => {
    expect((await complete({ claims: { scopes: ['duo_chat'] } })).status).toBe(403)
    expect((await complete({ body: { current_file: 5 } })).status).toBe(422)
    expect(heard).toEqual([])
  })

  it('passes the vendor’s refusal on', async () => {
    answer = (response) => void response.writeHead(429, { 'retry-after': '7' }).end('{"detail":"later"}')
    const response = await complete()
    expect([response.status, response.headers.get('retry-after'), await response.json()]).toEqual([
      429,
      '7',
      { detail: 'later' },
    ])
    expect(recordTypes()).toEqual(['request.accepted', 'response.failed'])
  })

  it('follows no redirect', async () => {
    answer = (response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
    expect((await complete()).status).toBe(429)
    expect(heard).toHaveLength(1)
  })

  it('that breaks off is cut, never ended cleanly', async () => {
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('half', () => response.destroy())
    }
    await expect(complete().then((response) => response.text())).rejects.toThrow('terminated')
    await vi.waitFor(() => expect(recordTypes()).toEqual(['request.accepted', 'response.failed']))
  })

  it('is stopped at the vendor when the client leaves, and only so many are under way at once', async () => {
    answer = (response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write('first')
    const leaving = new AbortController()
    const response = await complete({ signal: leaving.signal })
    expect((await complete()).status).toBe(429)
    leaving.abort()
    await expect(response.text()).rejects.toThrow('aborted')
    await vi.waitFor(() => expect(heard[0]?.closed).toBe(true))
    await vi.waitFor(() => expect(recordTypes()).toEqual(['request.accepted', 'response.client_gone']))
  })

  it('with a vendor that nobody reaches, gets an error and no model', async () => {
    expect((await complete({}, unreachable)).status).toBe(429)
    expect(unreachable.records.map(({ type }) => type)).toEqual(['request.accepted', 'response.failed'])
    expect(unreachable.desk.asked).toEqual([])
  })
})
