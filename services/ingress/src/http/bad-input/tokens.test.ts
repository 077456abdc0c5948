import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { EncryptJWT, exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose'
import type { JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { completionBody, startTestApp } from '../http-app.fixture.ts'
import type { TestApp } from '../http-app.fixture.ts'

/** Bad tokens at the real HTTP edge, by the ids of the security catalogue (group J). Refusals never tell which check failed. */
let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

const forbidden = { error: 'Forbidden by auth provider' }
const nowS = () => Math.floor(Date.now() / 1000)
const unsigned = (header: object, claims: object, signature = '') =>
  `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`
const goodClaims = () => ({
  iss: app.issuer.url,
  sub: app.issuer.instanceId,
  aud: 'gitlab-ai-gateway',
  iat: nowS(),
  exp: nowS() + 3600,
  gitlab_realm: 'self-managed',
  scopes: ['complete_code'],
})
const kidOf = async (): Promise<string> =>
  (
    JSON.parse(Buffer.from((await app.issuer.sign()).split('.')[0] as string, 'base64url').toString()) as {
      kid: string
    }
  ).kid
const signWith = async (alg: 'RS384' | 'PS256' | 'ES256' | 'RS256', header: object = {}): Promise<string> => {
  const { privateKey } = await generateKeyPair(alg)
  return new SignJWT(goodClaims()).setProtectedHeader({ alg, kid: await kidOf(), ...header }).sign(privateKey)
}
const publicPem = async (): Promise<string> => {
  const discovery = await fetch(`${app.issuer.url}/oauth/discovery/keys`)
  const { keys } = (await discovery.json()) as { keys: JWK[] }
  const key = await importJWK(keys[0] as JWK, 'RS256', { extractable: true })
  return key instanceof Uint8Array ? '' : exportSPKI(key)
}

type Row = readonly [id: string, what: string, token: () => Promise<string> | string]
const rows: readonly Row[] = [
  ['J1', 'an empty token', () => ''],
  ['J2', 'alg none', () => unsigned({ alg: 'none', typ: 'JWT' }, goodClaims())],
  ['J2', 'alg None', () => unsigned({ alg: 'None', typ: 'JWT' }, goodClaims())],
  ['J2', 'alg nOnE', () => unsigned({ alg: 'nOnE', typ: 'JWT' }, goodClaims())],
  [
    'J3',
    'HS256 with the public key as its secret',
    async () => {
      const secret = new TextEncoder().encode(await publicPem())
      return new SignJWT(goodClaims()).setProtectedHeader({ alg: 'HS256', kid: await kidOf() }).sign(secret)
    },
  ],
  ['J4', 'RS384', () => signWith('RS384')],
  ['J4', 'PS256', () => signWith('PS256')],
  ['J4', 'ES256', () => signWith('ES256')],
  ['J5', 'a key set of its own (jku)', () => signWith('RS256', { jku: `${app.url}/keys` })],
  ['J5', 'a certificate of its own (x5u)', () => signWith('RS256', { x5u: `${app.url}/cert` })],
  [
    'J5',
    'its own key (jwk)',
    () => {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      return signWith('RS256', {
        jwk: createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({ format: 'jwk' }),
      })
    },
  ],
  ['J7', 'a path as its key id', () => app.issuer.sign({}, { kid: '../../etc/passwd' })],
  ['J7', 'SQL as its key id', () => app.issuer.sign({}, { kid: "' OR 1=1 --" })],
  ['J7', 'a key id of 10 KB', () => app.issuer.sign({}, { kid: 'k'.repeat(10_000) })],
  ['J9', 'another audience', () => app.issuer.sign({ aud: 'glgo' })],
  ['J9', 'audiences without us', () => app.issuer.sign({ aud: ['a', 'b'] })],
  ['J9', 'an audience that only contains ours', () => app.issuer.sign({ aud: 'gitlab-ai-gateway-x' })],
  ['J9', 'no audience', () => app.issuer.sign({ aud: undefined })],
  ['J11', 'an end six seconds ago', () => app.issuer.sign({ exp: nowS() - 6 })],
  ['J11', 'a beginning in the future', () => app.issuer.sign({ nbf: nowS() + 20 })],
  ['J11', 'an end in words', () => app.issuer.sign({ exp: 'tomorrow' })],
  ['J11', 'an end beyond all time', () => app.issuer.sign({ exp: 1e15 })],
  ['J11', 'an end before all time', () => app.issuer.sign({ exp: -1 })],
  ['J11', 'an end that is no number of this world', () => app.issuer.sign({ exp: 1e308 })],
  ['J11', 'no end', () => app.issuer.sign({ exp: undefined })],
  [
    'J16',
    'an encrypted token',
    () =>
      new EncryptJWT(goodClaims())
        .setProtectedHeader({ alg: 'dir', enc: 'A128CBC-HS256' })
        .encrypt(new Uint8Array(32).fill(1)),
  ],
  ['J16', 'a token in a token', async () => `${await app.issuer.sign()}.${await app.issuer.sign()}`],
  [
    'J16',
    'an extension that must be understood',
    () => app.issuer.signText(JSON.stringify(goodClaims()), { crit: ['x'], x: 1 }),
  ],
  [
    'J16',
    'a payload that is not encoded',
    () => app.issuer.signText(JSON.stringify(goodClaims()), { b64: false, crit: ['b64'] }),
  ],
  ['J17', 'a token of 15 KB that is none', () => 'x'.repeat(15_000)],
  ['J20', 'no JSON inside', () => 'a.b.c'],
  [
    'J20',
    'an audience told twice',
    () => app.issuer.signText(JSON.stringify(goodClaims()).replace('{', '{"aud":"glgo",')),
  ],
]

describe('a bad token', () => {
  it.each(rows)('%s: %s is 401 without a reason, and asks nobody outside', async (_id, _what, token) => {
    const credential = await token()
    const asked = app.desk.asked.length
    const requests = app.issuer.requests
    const response = await app.gitlab('/v2/completions', {
      body: completionBody(),
      headers: { authorization: `Bearer ${credential}` },
    })
    expect([response.status, await response.json()]).toEqual([401, forbidden])
    expect(response.headers.has('www-authenticate')).toBe(false)
    expect(app.desk.asked.length).toBe(asked)
    // Only a key id that nobody knows may lead to the issuer, and then once a minute.
    expect(app.issuer.requests - requests).toBeLessThanOrEqual(2)
    if (credential.length > 20) expect(JSON.stringify(app.log)).not.toContain(credential)
    expect((await app.gitlab('/v2/completions', { body: completionBody() })).status).toBe(200)
  })

  it('signed by hand as these are is good without what is wrong with it', async () => {
    const headers = { authorization: `Bearer ${app.issuer.signText(JSON.stringify(goodClaims()))}` }
    expect((await app.gitlab('/v2/completions', { body: completionBody(), headers })).status).toBe(200)
  })

  it.each([
    ['no header', []],
    ['an empty header', ['']],
    ['a scheme that is not ours', ['Basic dXNlcjpwdw==']],
    ['two headers', ['Bearer good', 'Bearer good']],
  ])('J1: %s is 401', async (_what, values) => {
    const { authorization: good = '', ...others } = await app.issuer.headers()
    const lines = [
      ...Object.entries({ host: 'a', connection: 'close', 'content-type': 'application/json', ...others }),
      ...values.map((value) => ['authorization', value.replace('Bearer good', good)] as const),
    ].map(([name, value]) => `${name}: ${value}\r\n`)
    const answer = await app.raw(`POST /v2/completions HTTP/1.1\r\n${lines.join('')}Content-Length: 2\r\n\r\n{}`)
    expect(answer).toMatch(/^HTTP\/1\.1 401 /)
    expect(answer).not.toContain('www-authenticate')
  })

  it('J17: a token of 200 KB is refused before it is parsed', async () => {
    const asked = app.issuer.requests
    const answer = await app.raw(
      `POST /v2/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${'x'.repeat(200_000)}\r\n\r\n`,
    )
    expect(answer).toMatch(/^(HTTP\/1\.1 (401|431) |$)/)
    expect(app.issuer.requests).toBe(asked)
    expect((await app.gitlab('/v2/completions', { body: completionBody() })).status).toBe(200)
  })

  it('J6: 1,000 unknown key ids are refused with at most one more look at the issuer', async () => {
    const served = app.issuer.keySetsServed
    const token = await app.issuer.sign()
    const [, payload, signature] = token.split('.')
    const headers = { ...(await app.issuer.headers()), 'content-type': 'application/json' }
    const statuses: number[] = []
    for (let batch = 0; batch < 20; batch++) {
      const answers = Array.from({ length: 50 }, (_, index) => {
        const header = { alg: 'RS256', kid: `unknown-${batch}-${index}` }
        const encoded = Buffer.from(JSON.stringify(header)).toString('base64url')
        const authorization = `Bearer ${encoded}.${payload}.${signature}`
        return fetch(`${app.url}/v2/completions`, {
          method: 'POST',
          headers: { ...headers, authorization },
          body: '{}',
        })
      })
      for (const answer of await Promise.all(answers)) {
        statuses.push(answer.status)
        await answer.body?.cancel()
      }
    }
    expect(statuses).toHaveLength(1000)
    expect(new Set(statuses)).toEqual(new Set([401]))
    expect(app.issuer.keySetsServed - served).toBeLessThanOrEqual(1)
  }, 20_000)

  it('J10: who issued a token is not compared (contract §4.3): the keys decide', async () => {
    for (const iss of ['https://other.example', `${app.issuer.url}/`]) {
      expect((await app.gitlab('/v2/completions', { body: completionBody(), claims: { iss } })).status).toBe(200)
    }
  })

  it('J14: a good token without the scope is 403', async () => {
    expect((await app.gitlab('/v2/completions', { body: completionBody(), claims: { scopes: [] } })).status).toBe(403)
  })

  it.each([
    ['X-Gitlab-Realm', 'saas'],
    ['X-Gitlab-Instance-Id', 'another'],
  ])('J15: a token that contradicts %s is 401 by its name', async (header, value) => {
    const response = await app.gitlab('/v2/completions', { body: completionBody(), headers: { [header]: value } })
    expect([response.status, await response.json()]).toEqual([401, { error: `Header mismatch '${header}'` }])
  })

  it('J18: a bearer token is good from anywhere, as often as it is shown', async () => {
    const headers = { authorization: `Bearer ${await app.issuer.sign({ jti: 'once' })}` }
    for (const address of ['192.0.2.1', '192.0.2.2']) {
      const response = await app.gitlab('/v2/completions', {
        body: completionBody(),
        headers: { ...headers, 'x-forwarded-for': address },
      })
      expect(response.status).toBe(200)
    }
  })

  it('J19: no header turns verification off', async () => {
    const headers = { 'bypass-auth': 'true', 'content-type': 'application/json' }
    const response = await fetch(`${app.url}/v2/completions`, { method: 'POST', headers, body: '{}' })
    expect([response.status, await response.json()]).toEqual([401, { error: 'No authorization header presented' }])
  })

  it('J8: a new key is known at once, and the withdrawn one no longer', async () => {
    await using rotating = await startTestApp()
    const old = await rotating.issuer.sign()
    await rotating.issuer.rotate()
    expect((await rotating.gitlab('/v2/completions', { body: completionBody() })).status).toBe(200)
    const headers = { authorization: `Bearer ${old}` }
    expect((await rotating.gitlab('/v2/completions', { body: completionBody(), headers })).status).toBe(401)
  })
})
