import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto'
import type { DevIssuer } from '@penstock/local-stack'
import { expandPlaceholders } from './expand-placeholders.ts'
import type { Fixture } from './load-fixture.ts'

/** Signs the tokens of fixtures: as the instance, or as the gateway itself with a key that it must then be given. */
export interface TokenMint {
  /** Private key of gateway-issued tokens, and what `{{pem}}` stands for. */
  readonly pem: string
  mint(fixture: Fixture, nowS: number): Promise<string>
}

const tokenSeconds = 3600

/** Name under which a gateway issues tokens of its own. */
const serviceNameOf = ({ auth }: Fixture): string =>
  auth.env['AIGW_CLOUD_CONNECTOR_SERVICE_NAME'] ?? 'gitlab-ai-gateway'

/** Whether the fixture's token is one that the gateway issued, and not its GitLab. */
export const isGatewayIssued = (fixture: Fixture): boolean =>
  fixture.auth.mode === 'jwt' && fixture.auth.claims['iss'] === serviceNameOf(fixture)

export const createTokenMint = (issuer: DevIssuer): TokenMint => {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return {
    pem: privateKey,
    mint(fixture, nowS) {
      const { scopes, claims } = fixture.auth
      const instance = headerOf(fixture, 'x-gitlab-instance-id')
      const all = {
        ...(instance === undefined ? {} : { sub: instance }),
        scopes,
        ...expandPlaceholders(claims, { nowS }),
      }
      if (!isGatewayIssued(fixture)) return issuer.sign(all)
      const own = { jti: randomUUID(), iat: nowS, nbf: nowS, exp: nowS + tokenSeconds, ...all }
      return Promise.resolve(signRs256(own, privateKey, `${serviceNameOf(fixture)}_signing_key`))
    },
  }
}

const headerOf = ({ request }: Fixture, name: string): string | undefined => {
  const value = Object.entries(request.headers).find(([key]) => key.toLowerCase() === name)?.[1]
  return typeof value === 'string' ? value : value?.[0]
}

const signRs256 = (claims: object, privateKey: string, kid: string): string => {
  const encoded = [{ alg: 'RS256', typ: 'JWT', kid }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${encoded}.${createSign('RSA-SHA256').update(encoded).sign(privateKey, 'base64url')}`
}
