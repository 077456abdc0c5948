import { createPrivateKey, randomUUID } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Principal } from './principal.ts'

/** What a token of ours may open: the editor's direct connection, and the proxies. */
const grantable = ['complete_code', 'ai_gateway_model_provider_proxy']
const lifetimeS = 3600

export interface UserToken {
  readonly token: string
  /** Epoch seconds. */
  readonly expiresAt: number
}

/** The grantable scopes among a caller's. */
export const grantedScopes = ({ scopes }: Pick<Principal, 'scopes'>): string[] =>
  grantable.filter((scope) => scopes.has(scope))

/** Signs tokens for editors that connect directly. */
export type IssueUserToken = (principal: Principal, nowMs: number) => Promise<UserToken>

/** Throws when the PEM holds no private RSA key. */
export const createUserTokenIssuer = (options: {
  readonly serviceName: string
  readonly signingKey: string
}): IssueUserToken => {
  const key = readPrivateKey(options.signingKey)
  const kid = `${options.serviceName}_signing_key`
  return async (principal, nowMs) => {
    const nowS = Math.floor(nowMs / 1000)
    const expiresAt = nowS + lifetimeS
    const token = await new SignJWT({
      jti: randomUUID(),
      scopes: grantedScopes(principal),
      ...(principal.realm === '' ? {} : { gitlab_realm: principal.realm }),
      ...(principal.instanceId === '' ? {} : { gitlab_instance_id: principal.instanceId }),
      ...(principal.instanceUid === undefined ? {} : { gitlab_instance_uid: principal.instanceUid }),
    })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid })
      .setIssuer(options.serviceName)
      .setAudience(options.serviceName)
      .setSubject(principal.globalUserId ?? '')
      .setIssuedAt(nowS)
      .setNotBefore(nowS)
      .setExpirationTime(expiresAt)
      .sign(key)
    return { token, expiresAt }
  }
}

const readPrivateKey = (pem: string): KeyObject => {
  try {
    return createPrivateKey(pem)
  } catch (error) {
    // The parser's message may quote the key.
    throw new Error('AIGW_SELF_SIGNED_JWT__SIGNING_KEY: must be a PEM private key', {
      cause: (error as { code?: string }).code,
    })
  }
}
