import { KeyObject, randomUUID, sign as signBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JWK } from 'jose'

interface IssuedKey {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

/** An OIDC issuer over HTTP, whose keys can be rotated and whose answers can be bent. */
export interface TestIssuer extends AsyncDisposable {
  readonly url: string
  readonly instanceId: string
  /** Key sets handed out so far. */
  readonly keySetsServed: number
  /** All requests so far. */
  readonly requests: number
  /** Publishes a new key and, unless told otherwise, withdraws the others. */
  rotate(options?: { keepOld?: boolean; modulusLength?: number }): Promise<void>
  /** Replaces the key set's answer; null: its own again. */
  bend(answer: ((response: ServerResponse) => void) | null): void
  sign(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
  /** Signs a payload and header that no library would write, with the good key. */
  signText(payload: string, header?: Record<string, unknown>): string
  /** Headers of a good call with such a token. */
  headers(claims?: Record<string, unknown>): Promise<Record<string, string>>
}

const makeKey = async (modulusLength = 2048): Promise<IssuedKey> => {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { modulusLength, extractable: true })
  const kid = randomUUID()
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' } }
}

export const startTestIssuer = async (): Promise<TestIssuer> => {
  const instanceId = randomUUID()
  let keys = [await makeKey()]
  let keySetsServed = 0
  let requests = 0
  let bent: ((response: ServerResponse) => void) | null = null
  const server = createServer((request, response) => {
    requests++
    if (request.url === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/oauth/discovery/keys` }))
    } else if (request.url === '/oauth/discovery/keys') {
      keySetsServed++
      if (bent === null) response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }))
      else bent(response)
    } else response.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const sign = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}): Promise<string> => {
    const nowS = Math.floor(Date.now() / 1000)
    const key = keys[0] as IssuedKey
    return new SignJWT({
      iss: url,
      sub: instanceId,
      aud: ['gitlab-ai-gateway', 'gitlab-duo-workflow-service'],
      jti: randomUUID(),
      iat: nowS,
      nbf: nowS - 5,
      exp: nowS + 3600,
      gitlab_realm: 'self-managed',
      scopes: ['complete_code'],
      ...claims,
    })
      .setProtectedHeader({ alg: 'RS256', kid: key.kid, typ: 'JWT', ...header })
      .sign(key.privateKey)
  }
  return {
    url,
    instanceId,
    get keySetsServed() {
      return keySetsServed
    },
    get requests() {
      return requests
    },
    async rotate({ keepOld = false, modulusLength } = {}) {
      keys = [await makeKey(modulusLength), ...(keepOld ? keys : [])]
    },
    bend(answer) {
      bent = answer
    },
    sign,
    signText(payload, header = {}) {
      const { kid, privateKey } = keys[0] as IssuedKey
      const parts = [JSON.stringify({ alg: 'RS256', kid, ...header }), payload]
      const input = parts.map((part) => Buffer.from(part).toString('base64url')).join('.')
      return `${input}.${signBytes('sha256', Buffer.from(input), KeyObject.from(privateKey)).toString('base64url')}`
    },
    headers: async (claims) => ({
      authorization: `Bearer ${await sign(claims)}`,
      'x-gitlab-authentication-type': 'oidc',
      'x-gitlab-realm': 'self-managed',
      'x-gitlab-instance-id': instanceId,
      'x-gitlab-global-user-id': 'user-hash',
    }),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
