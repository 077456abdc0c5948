import { createPublicKey, generateKeyPairSync, randomUUID, sign as rsaSign } from 'node:crypto'
import { exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createAuthenticate } from './authenticate.ts'
import type { Authenticate } from './authenticate.ts'
import { startTestIssuer } from './issuer.fixture.ts'
import type { TestIssuer } from './issuer.fixture.ts'
import { KeyStore } from './key-store.ts'
import { keyedDigest } from './keyed-digest.ts'
import { createTokenVerifier } from './verify-token.ts'

const serviceName = 'gitlab-ai-gateway'
const own = generateKeyPairSync('rsa', { modulusLength: 2048 })
let issuer: TestIssuer
let keys: KeyStore
let authenticate: Authenticate

beforeAll(async () => {
  issuer = await startTestIssuer()
  const log = { info: () => undefined, warn: () => undefined }
  const signingKey = own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  keys = new KeyStore({ issuerUrls: [issuer.url], serviceName, signingKey }, { now: () => performance.now(), log })
  keys.start()
  await vi.waitUntil(() => keys.ready)
  const verifyToken = createTokenVerifier({ audience: serviceName }, { keys, now: Date.now })
  authenticate = createAuthenticate({ serviceName }, { verifyToken, digest: keyedDigest('secret') })
})
afterAll(async () => {
  keys[Symbol.dispose]()
  await issuer[Symbol.asyncDispose]()
})

const ask = (headers: Record<string, string | undefined>) => {
  const present = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
  return authenticate({ headers: present, rawHeaders: Object.entries(present).flat() as string[] })
}
const withToken = async (token: string) => ask({ ...(await issuer.headers()), authorization: `Bearer ${token}` })
const errorOf = async (asked: ReturnType<Authenticate>) => {
  const answer = await asked
  return answer.kind === 'refused' ? answer.error : 'accepted'
}
const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url')
const forbidden = 'Forbidden by auth provider'

describe('a call of GitLab', () => {
  it('with a good token is accepted, with what the token grants', async () => {
    const answer = await ask(await issuer.headers({ scopes: ['complete_code', 'duo_chat'] }))
    expect(answer).toMatchObject({
      kind: 'principal',
      principal: {
        issuer: issuer.url,
        realm: 'self-managed',
        gatewayIssued: false,
        instanceId: issuer.instanceId,
        userId: 'user-hash',
        digest: expect.stringMatching(/^[\da-f]{32}$/),
      },
    })
    expect(answer.kind === 'principal' && [...answer.principal.scopes]).toEqual(['complete_code', 'duo_chat'])
  })

  it('has one digest per user', async () => {
    const digestOf = async (user: string) => {
      const answer = await ask({ ...(await issuer.headers()), 'x-gitlab-global-user-id': user })
      return answer.kind === 'principal' ? answer.principal.digest : null
    }
    expect(await digestOf('a')).toBe(await digestOf('a'))
    expect(await digestOf('a')).not.toBe(await digestOf('b'))
  })

  it('is checked in the order of the contract', async () => {
    const good = await issuer.headers()
    const wrongRealm = { ...good, 'x-gitlab-realm': 'saas', 'x-gitlab-instance-id': 'x' }
    expect(await errorOf(ask({}))).toBe('No authorization header presented')
    expect(await errorOf(ask({ authorization: 'Basic abc' }))).toBe('Invalid authorization header')
    expect(await errorOf(ask({ authorization: '' }))).toBe('Invalid authorization header')
    expect(await errorOf(ask({ authorization: 'Bearer' }))).toBe(
      'Invalid authentication token type - only OIDC is supported',
    )
    expect(await errorOf(ask({ ...wrongRealm, authorization: 'Bearer' }))).toBe(forbidden)
    expect(await errorOf(ask({ ...wrongRealm, authorization: 'bearer x.y.z' }))).toBe(forbidden)
    expect(await errorOf(ask(wrongRealm))).toBe("Header mismatch 'X-Gitlab-Realm'")
    expect(await errorOf(ask({ ...good, 'x-gitlab-instance-id': 'x' }))).toBe("Header mismatch 'X-Gitlab-Instance-Id'")
    expect(await errorOf(ask({ ...good, 'x-gitlab-instance-id': undefined }))).toBe(
      "Header mismatch 'X-Gitlab-Instance-Id'",
    )
    expect(await errorOf(ask({ ...good, authorization: good['authorization']?.replace('Bearer', 'bEARER') }))).toBe(
      'accepted',
    )
  })

  it('J1: with two authorization headers is refused', async () => {
    const headers = await issuer.headers()
    const token = headers['authorization'] as string
    expect((await authenticate({ headers, rawHeaders: ['Authorization', token, 'authorization', token] })).kind).toBe(
      'refused',
    )
  })

  it('J15: binds a token of the gateway to its user, and others to their instance', async () => {
    const claims = { iss: serviceName, sub: 'user-hash', gitlab_instance_id: issuer.instanceId }
    expect(await ask(await issuer.headers(claims))).toMatchObject({
      principal: { gatewayIssued: true, userId: 'user-hash' },
    })
    expect(await errorOf(ask({ ...(await issuer.headers(claims)), 'x-gitlab-global-user-id': 'other' }))).toBe(
      "Header mismatch 'X-Gitlab-Global-User-Id'",
    )
    expect(await errorOf(ask(await issuer.headers({ gitlab_instance_id: 'other' })))).toBe(
      "Header mismatch 'X-Gitlab-Instance-Id'",
    )
    expect(await errorOf(ask({ ...(await issuer.headers({ gitlab_realm: '' })), 'x-gitlab-realm': 'saas' }))).toBe(
      'accepted',
    )
  })

  it('is accepted with a token that the gateway signed', async () => {
    const token = await new SignJWT({ iss: serviceName, aud: serviceName, sub: 'user-hash', scopes: ['complete_code'] })
      .setProtectedHeader({ alg: 'RS256', kid: `${serviceName}_signing_key` })
      .setExpirationTime('1h')
      .sign(own.privateKey)
    expect(await errorOf(withToken(token))).toBe('accepted')
  })

  it('is accepted with a token that names no key', async () => {
    expect(await errorOf(withToken(await issuer.sign({}, { kid: undefined })))).toBe('accepted')
  })
})

describe('a token', () => {
  const claims = () => ({ sub: issuer.instanceId, aud: serviceName, exp: Math.floor(Date.now() / 1000) + 60 })

  it.each(['none', 'None', 'nOnE'])('J2: unsigned with alg %s is refused', async (alg) => {
    expect(await errorOf(withToken(`${part({ alg })}.${part(claims())}.`))).toBe(forbidden)
  })

  it('J3: signed with the public key as an HMAC secret is refused', async () => {
    const { keys: published } = (await (await fetch(`${issuer.url}/oauth/discovery/keys`)).json()) as {
      keys: JWK[]
    }
    const key = await importJWK(published[0] as JWK, 'RS256', { extractable: true })
    const secret = new TextEncoder().encode(await exportSPKI(key as CryptoKey))
    const { kid } = published[0] as { kid: string }
    expect(
      await errorOf(withToken(await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid }).sign(secret))),
    ).toBe(forbidden)
  })

  it.each(['RS384', 'PS256', 'ES256'])('J4: signed by %s is refused', async (alg) => {
    const { privateKey } = await generateKeyPair(alg)
    expect(await errorOf(withToken(await new SignJWT(claims()).setProtectedHeader({ alg }).sign(privateKey)))).toBe(
      forbidden,
    )
  })

  it('J5: that brings its own key, or says where it is, is refused and nothing is fetched', async () => {
    await using attacker = await startTestIssuer()
    const jwk = createPublicKey(own.publicKey.export({ type: 'spki', format: 'pem' })).export({ format: 'jwk' })
    const header = { jku: `${attacker.url}/oauth/discovery/keys`, x5u: attacker.url, jwk, kid: undefined }
    expect(await errorOf(withToken(await attacker.sign({ sub: issuer.instanceId }, header)))).toBe(forbidden)
    expect(attacker.requests).toBe(0)
  })

  it.each(['../../etc/passwd', "' OR 1=1 --", 'k'.repeat(10_000)])(
    'J7: with the key id %.20s is refused',
    async (kid) => {
      expect(await errorOf(withToken(await issuer.sign({}, { kid })))).toBe(forbidden)
    },
  )

  it.each([
    ['another audience', { aud: 'glgo' }],
    ['no audience', { aud: undefined }],
    ['audiences without us', { aud: ['gitlab-duo-workflow-service'] }],
    ['a part of our audience', { aud: 'gitlab-ai' }],
    ['an end 6 s ago', { exp: Math.floor(Date.now() / 1000) - 6 }],
    ['a start in a minute', { nbf: Math.floor(Date.now() / 1000) + 60 }],
    ['an end that is text', { exp: '2100-01-01' }],
    ['an end beyond all dates', { exp: 1e308 }],
    ['a negative end', { exp: -1 }],
    ['no end', { exp: undefined }],
  ])('with %s is refused', async (_what, over) => {
    expect(await errorOf(withToken(await issuer.sign(over)))).toBe(forbidden)
  })

  it('J11: is accepted a few seconds past its end: clocks differ', async () => {
    expect(await errorOf(withToken(await issuer.sign({ exp: Math.floor(Date.now() / 1000) - 2 })))).toBe('accepted')
  })

  it('J16: that is encrypted, or asks for extensions, is refused', async () => {
    const kid = JSON.parse(Buffer.from((await issuer.sign()).split('.')[0] as string, 'base64url').toString())
      .kid as string
    expect(await errorOf(withToken(`${part({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`))).toBe(forbidden)
    const own256 = (header: object) => {
      const input = `${part(header)}.${part(claims())}`
      return `${input}.${rsaSign('sha256', Buffer.from(input), own.privateKey).toString('base64url')}`
    }
    const ours = { alg: 'RS256', kid: `${serviceName}_signing_key` }
    expect(await errorOf(withToken(own256(ours)))).toBe('accepted')
    expect(await errorOf(withToken(own256({ ...ours, crit: ['x'], x: 1 })))).toBe(forbidden)
    expect(await errorOf(withToken(own256({ ...ours, b64: false, crit: ['b64'] })))).toBe(forbidden)
    expect(await errorOf(withToken(own256({ ...ours, kid })))).toBe(forbidden)
  })

  it('J20: that names a claim twice is refused', async () => {
    const payload = `{"sub":"${issuer.instanceId}","aud":"glgo","aud":"${serviceName}","exp":${claims().exp},"jti":"${randomUUID()}"}`
    const input = `${part({ alg: 'RS256', kid: `${serviceName}_signing_key` })}.${Buffer.from(payload).toString('base64url')}`
    const token = `${input}.${rsaSign('sha256', Buffer.from(input), own.privateKey).toString('base64url')}`
    expect(await withToken(token)).toMatchObject({ kind: 'refused', reason: 'duplicate_claims' })
  })

  it('J17: of more than 16 KiB is refused unread', async () => {
    expect(await withToken(await issuer.sign({ padding: 'x'.repeat(20_000) }))).toMatchObject({
      error: forbidden,
      reason: 'too_long',
    })
  })
})
