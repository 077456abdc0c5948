import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { startDevIssuer } from './dev-issuer.ts'

const keysOf = async (issuerUrl: string): Promise<ReturnType<typeof createRemoteJWKSet>> => {
  const response = await fetch(`${issuerUrl}/.well-known/openid-configuration`)
  const { jwks_uri } = (await response.json()) as { jwks_uri: string }
  return createRemoteJWKSet(new URL(jwks_uri))
}

test('a token is accepted by the keys that its issuer publishes', async () => {
  await using issuer = await startDevIssuer()
  const token = await issuer.sign({ scopes: ['complete_code'] })
  const { payload, protectedHeader } = await jwtVerify(token, await keysOf(issuer.url), {
    algorithms: ['RS256'],
    audience: 'gitlab-ai-gateway',
    issuer: issuer.url,
    subject: issuer.instanceId,
  })
  expect(payload['scopes']).toEqual(['complete_code'])
  expect(payload['gitlab_realm']).toBe('self-managed')
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600)
  expect(protectedHeader.kid).toBeTypeOf('string')
})

test('a token of another issuer is refused', async () => {
  await using issuer = await startDevIssuer()
  await using other = await startDevIssuer()
  await expect(jwtVerify(await other.sign(), await keysOf(issuer.url))).rejects.toThrow('no applicable key found')
})

test('claims can be replaced and left out, and a token can have expired', async () => {
  await using issuer = await startDevIssuer()
  const claims = decodeJwt(await issuer.sign({ sub: 'someone', aud: undefined }, { expiresInS: -60 }))
  expect(claims.sub).toBe('someone')
  expect(claims).not.toHaveProperty('aud')
  expect(claims.exp).toBeLessThan(Date.now() / 1000)
})
