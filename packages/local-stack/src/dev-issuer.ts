import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'

/** An OIDC issuer that signs what it is asked to: for development and tests. */
export interface DevIssuer extends AsyncDisposable {
  readonly url: string
  /** The GitLab instance it stands for: `sub` of its tokens, and what `X-Gitlab-Instance-Id` must say. */
  readonly instanceId: string
  /** A token like those a self-managed GitLab signs; `claims` add to or replace its own, `undefined` leaves one out. */
  sign(claims?: Readonly<Record<string, unknown>>, options?: { expiresInS?: number }): Promise<string>
}

const alg = 'RS256'
const keysPath = '/oauth/discovery/keys'

/** Clocks may differ by this much, s. */
const notBeforeLeewayS = 5

/** Starts the issuer on a free port of 127.0.0.1, with a key that lives as long as it does. */
export const startDevIssuer = async (): Promise<DevIssuer> => {
  const { privateKey, publicKey } = await generateKeyPair(alg)
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  const instanceId = randomUUID()

  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]
    const document = path === undefined ? undefined : documents[path]
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(document ?? { error: 'not found' }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const documents: Record<string, unknown> = {
    '/.well-known/openid-configuration': {
      issuer: url,
      jwks_uri: `${url}${keysPath}`,
      id_token_signing_alg_values_supported: [alg],
    },
    [keysPath]: { keys: [{ ...jwk, kid, use: 'sig', alg }] },
  }

  return {
    url,
    instanceId,
    sign(claims = {}, { expiresInS = 3600 } = {}) {
      const nowS = Math.floor(Date.now() / 1000)
      return new SignJWT({
        iss: url,
        sub: instanceId,
        aud: ['gitlab-ai-gateway', 'gitlab-duo-workflow-service'],
        jti: randomUUID(),
        iat: nowS,
        nbf: nowS - notBeforeLeewayS,
        exp: nowS + expiresInS,
        gitlab_realm: 'self-managed',
        scopes: [],
        ...claims,
      })
        .setProtectedHeader({ alg, kid, typ: 'JWT' })
        .sign(privateKey)
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
