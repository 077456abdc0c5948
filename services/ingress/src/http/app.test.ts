import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { completionBody, startTestApp } from './http-app.fixture.ts'
import type { TestApp } from './http-app.fixture.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => {
  app.readiness = { ready: true, reasons: [], warnings: [] }
})

const plain = (path: string, init: RequestInit = {}) => fetch(`${app.url}${path}`, init)

describe('every answer', () => {
  it('carries the correlation id and the time it took', async () => {
    const response = await plain('/', { headers: { 'x-request-id': '01K9TESTCORRELATION0000001' } })
    expect(response.headers.get('x-request-id')).toBe('01K9TESTCORRELATION0000001')
    expect(response.headers.get('x-process-time')).toMatch(/^\d+\.\d+$/)
    expect(response.headers.get('content-type')).toBe('application/json')
  })

  it.each([undefined, 'two words', 'x'.repeat(129)])('has an id of ours when the caller sends %.20s', async (id) => {
    const response = await plain('/', id === undefined ? {} : { headers: { 'x-request-id': id } })
    expect(response.headers.get('x-request-id')).toMatch(/^[\da-f]{32}$/)
  })

  it('leaves one access line without query, body or credential', async () => {
    const id = 'access-line-1'
    await app.gitlab('/v2/completions?secret=CANARY', {
      body: completionBody({ model_api_key: 'CANARY' }),
      headers: { 'x-request-id': id, 'x-gitlab-version': '18.9.0', 'x-gitlab-client-name': `é${'x'.repeat(300)}` },
    })
    const lines = await vi.waitFor(() => {
      const found = app.log.filter(({ fields }) => fields['correlation_id'] === id)
      expect(found).toHaveLength(1)
      return found
    })
    expect(lines[0]?.fields).toMatchObject({
      method: 'POST',
      path: '/v2/completions',
      handler: '/v2/completions',
      status: 200,
      gitlab_version: '18.9.0',
      token_issuer: app.issuer.url,
    })
    expect(lines[0]?.fields['gitlab_client_name']).toMatch(/^\?+x+$/)
    expect(String(lines[0]?.fields['gitlab_client_name'])).toHaveLength(128)
    expect(JSON.stringify(app.log)).not.toContain('CANARY')
    expect(JSON.stringify(app.log)).not.toContain('total = ')
    expect(JSON.stringify(app.log)).not.toContain('eyJ')
  })
})

describe('authentication', () => {
  it.each(['/', '/v9/nothing', '/docs', '/v2/code/completions', '/v1/chat/completionsX', '/monitoring/healthz/'])(
    'comes before routing: %s without a token is 401',
    async (path) => {
      const response = await plain(path)
      expect(response.status).toBe(401)
      expect(await response.json()).toEqual({ error: 'No authorization header presented' })
      expect(response.headers.has('www-authenticate')).toBe(false)
    },
  )

  it('answers HEAD without a body', async () => {
    const response = await plain('/', { method: 'HEAD' })
    expect(response.status).toBe(401)
    expect(await response.text()).toBe('')
  })

  it('says why in the words of the contract', async () => {
    const errorOf = async (headers: Record<string, string>) =>
      ((await (await plain('/v2/completions', { method: 'POST', headers })).json()) as { error: string }).error
    const good = await app.issuer.headers()
    expect(await errorOf({ authorization: 'Basic abc' })).toBe('Invalid authorization header')
    expect(await errorOf({ authorization: good['authorization'] as string })).toBe(
      'Invalid authentication token type - only OIDC is supported',
    )
    expect(await errorOf(await app.issuer.headers({ exp: 1 }))).toBe('Forbidden by auth provider')
    expect(await errorOf({ ...good, 'x-gitlab-instance-id': 'other' })).toBe("Header mismatch 'X-Gitlab-Instance-Id'")
  })

  it('is not turned off by a header', async () => {
    expect((await plain('/v2/completions', { method: 'POST', headers: { 'bypass-auth': 'true' } })).status).toBe(401)
  })

  // What the server leaves unread when it closes may cost the client the answer.
  it('refuses two Authorization headers and a token of 200 KB', async () => {
    const { authorization } = await app.issuer.headers()
    const twice = `GET / HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\nAuthorization: ${authorization}\r\nX-Gitlab-Authentication-Type: oidc\r\nConnection: close\r\n\r\n`
    expect(await app.raw(twice)).toMatch(/^HTTP\/1\.1 401 /)
    expect(await app.raw(`GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${'x'.repeat(200_000)}\r\n\r\n`)).toMatch(
      /^(HTTP\/1\.1 431 |$)/,
    )
  })
})

describe('routing', () => {
  it('says 404 and 405 to those who have a token', async () => {
    const unknown = await app.gitlab('/v9/nothing', { body: 'not json at all' })
    expect(unknown.status).toBe(404)
    expect(await unknown.json()).toEqual({ detail: 'Not Found' })
    const wrong = await app.gitlab('/v2/code/completions', { method: 'GET' })
    expect(wrong.status).toBe(405)
    expect(wrong.headers.get('allow')).toBe('POST')
    expect(await wrong.json()).toEqual({ detail: 'Method Not Allowed' })
  })

  it.each([
    '/v2/code/completions',
    '/v2/completions',
    '//v2/completions',
    '/v2%2Fcode%2Fcompletions',
    '/ai/v2/completions',
    '/v2/completions?x=1',
  ])('knows %s', async (path) => {
    expect((await app.gitlab(path, { body: completionBody() })).status).toBe(200)
  })

  it.each(['/v2/..%2fcompletions', '/v2/completions%00', '/v2/completions%3Fx', '/v2/%zz', '/v2//completions'])(
    'does not know %s',
    async (path) => {
      expect((await app.gitlab(path, { body: completionBody() })).status).toBe(404)
    },
  )

  it('needs no token for monitoring, and nothing else of monitoring answers', async () => {
    const health = await plain('/monitoring/healthz')
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }])
    expect((await plain('/monitoring/ready')).status).toBe(200)
    expect((await plain('/monitoring/ready', { method: 'HEAD' })).status).toBe(405)
    const metrics = await plain('/metrics')
    expect([metrics.status, await metrics.json()]).toEqual([404, { detail: 'Not Found' }])
  })

  it('is not ready with reasons', async () => {
    app.readiness = { ready: false, reasons: ['no keys'], warnings: [] }
    const response = await plain('/monitoring/ready')
    expect([response.status, await response.json()]).toEqual([503, { status: 'not ready', reasons: ['no keys'] }])
  })

  it('is ready with warnings', async () => {
    app.readiness = { ready: true, reasons: [], warnings: ['nodes of coder: ESERVFAIL'] }
    const response = await plain('/monitoring/ready')
    expect([response.status, await response.json()]).toEqual([
      200,
      { status: 'ready', warnings: ['nodes of coder: ESERVFAIL'] },
    ])
  })
})

describe('a page of another origin', () => {
  it('may POST, with any header, and is told before authentication', async () => {
    const headers = {
      origin: 'https://gitlab.example.test',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,x-gitlab-realm',
    }
    const response = await plain('/v2/completions', { method: 'OPTIONS', headers })
    expect([response.status, await response.text()]).toEqual([200, 'OK'])
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-methods')).toBe('POST')
    expect(response.headers.get('access-control-allow-headers')).toBe('authorization,x-gitlab-realm')
    expect(response.headers.get('access-control-max-age')).toBe('600')
    expect(response.headers.has('x-process-time')).toBe(false)
    const other = await plain('/v2/completions', {
      method: 'OPTIONS',
      headers: { ...headers, 'access-control-request-method': 'PUT' },
    })
    expect([other.status, await other.text()]).toEqual([400, 'Disallowed CORS method'])
  })

  it('may read answers, errors included; others get no such headers', async () => {
    const response = await plain('/', { headers: { origin: 'https://gitlab.example.test' } })
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-expose-headers')).toBe('X-Request-ID')
    expect((await plain('/')).headers.has('access-control-allow-origin')).toBe(false)
    expect((await plain('/', { method: 'OPTIONS' })).status).toBe(401)
  })
})

describe('a connection that is no HTTP', () => {
  it.each([
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a broken header', 'GET / HTTP/1.1\r\nHost: a\r\nX-Gitlab-Client-Name: a\0b\r\n\r\n'],
  ])('with %s ends with 400', async (_what, bytes) => {
    expect(await app.raw(bytes)).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('is ended when the request does not arrive in time', async () => {
    await using slow = await startTestApp({ headersWithinMs: 200, requestWithinMs: 400 })
    expect(await slow.raw('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ')).toMatch(/^HTTP\/1\.1 408 /)
    const { authorization, ...rest } = await slow.issuer.headers()
    const head = Object.entries({ Authorization: authorization, ...rest })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
    expect(await slow.raw(`POST /v2/completions HTTP/1.1\r\nHost: a\r\n${head}Content-Length: 10\r\n\r\n{`)).toMatch(
      /^HTTP\/1\.1 408 /,
    )
    expect(slow.desk.asked).toEqual([])
    expect(slow.bodyBytes()).toBe(0)
  })

  it('is closed when one address has too many', async () => {
    await using small = await startTestApp({ connectionsPerAddressMax: 1 })
    const { connect } = await import('node:net')
    const first = connect(small.port, '127.0.0.1')
    await new Promise((resolve) => first.once('connect', resolve))
    expect(await small.raw('GET /monitoring/healthz HTTP/1.1\r\nHost: a\r\n\r\n')).toBe('')
    first.destroy()
    await vi.waitFor(async () => expect((await fetch(`${small.url}/monitoring/healthz`)).status).toBe(200))
  })
})
