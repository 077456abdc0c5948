import { generateKeyPairSync } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { completionBody, startTestApp } from '../http-app.fixture.ts'
import type { TestApp } from '../http-app.fixture.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const path = '/v1/code/user_access_token'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ signingKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() })
})
afterAll(() => app[Symbol.asyncDispose]())

const issue = (claims: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
  app.gitlab(path, { claims, headers: { 'content-type': 'application/json', ...headers } })

describe('a token for direct connections', () => {
  it('is bound to user, instance and realm, and opens only what it may', async () => {
    const response = await issue({
      scopes: ['duo_chat', 'complete_code', 'generate_code'],
      gitlab_instance_uid: 'uid-1',
    })
    const { token, expires_at: expiresAt } = (await response.json()) as { token: string; expires_at: number }
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const claims = decodeJwt(token)
    expect(claims).toEqual({
      iss: 'gitlab-ai-gateway',
      aud: 'gitlab-ai-gateway',
      sub: 'user-hash',
      jti: expect.any(String),
      iat: 1_763_640_000,
      nbf: 1_763_640_000,
      exp: 1_763_643_600,
      scopes: ['complete_code'],
      gitlab_realm: 'self-managed',
      gitlab_instance_id: app.issuer.instanceId,
      gitlab_instance_uid: 'uid-1',
    })
    expect(expiresAt).toBe(claims.exp)
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'gitlab-ai-gateway_signing_key' })
  })

  it('opens completions of the default model to its user, and nothing else', async () => {
    const signingKey = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    await using direct = await startTestApp({ signingKey, now: Date.now })
    const { token } = (await (await direct.gitlab(path)).json()) as { token: string }
    const body = completionBody({
      model_provider: null,
      model_name: null,
      model_endpoint: null,
      model_identifier: null,
    })
    const ask = (to: string, headers: Record<string, string> = {}) =>
      direct.gitlab(to, { body, headers: { authorization: `Bearer ${token}`, ...headers } })
    expect((await ask('/v2/completions')).status).toBe(200)
    expect((await ask('/ai/v2/code/completions')).status).toBe(200)
    expect(direct.desk.asked[0]?.model).toEqual({ kind: 'default' })
    const stolen = await ask('/v2/completions', { 'x-gitlab-global-user-id': 'someone-else' })
    expect([stolen.status, await stolen.json()]).toEqual([401, { error: "Header mismatch 'X-Gitlab-Global-User-Id'" }])
    expect((await ask(path)).status).toBe(403)
    expect((await ask('/v4/code/suggestions')).status).toBe(403)
  })

  it.each([
    ['without a scope it could pass on', { scopes: ['duo_chat'] }],
    ['for a token of our own', { iss: 'gitlab-ai-gateway', sub: 'user-hash' }],
  ])('is refused %s', async (_what, claims) => {
    const response = await issue(claims)
    expect([response.status, await response.json()]).toEqual([
      403,
      { detail: 'Unauthorized to create user access token' },
    ])
  })

  it('is not made for nobody', async () => {
    expect((await issue({}, { 'x-gitlab-global-user-id': '' })).status).toBe(500)
  })

  it('is not made without a key', async () => {
    await using keyless = await startTestApp()
    const response = await keyless.gitlab(path)
    expect([response.status, await response.json()]).toEqual([500, { detail: 'Failed to generate JWT' }])
  })
})
