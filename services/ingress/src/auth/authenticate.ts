import type { IncomingHttpHeaders } from 'node:http'
import type { JWTPayload } from 'jose'
import type { KeyedDigest } from './keyed-digest.ts'
import { principalOf } from './principal.ts'
import type { Principal } from './principal.ts'
import type { VerifyToken } from './verify-token.ts'

/** The parts of a call that credentials are in. */
export interface CredentialHeaders {
  readonly headers: IncomingHttpHeaders
  /** Names and values in turn, as they came: `headers` hides repeated ones. */
  readonly rawHeaders: readonly string[]
}

/** `error` is what GitLab reads in the body of a 401; `reason` is for the log alone. */
export type Authentication =
  | { readonly kind: 'principal'; readonly principal: Principal }
  | { readonly kind: 'refused'; readonly error: string; readonly reason: string }

export type Authenticate = (request: CredentialHeaders) => Promise<Authentication>

const refused = (error: string, reason = error): Authentication => ({ kind: 'refused', error, reason })

/** Checks a call of GitLab's: the order of the checks and the messages are part of its contract. */
export const createAuthenticate =
  (
    options: { readonly serviceName: string },
    dependencies: { readonly verifyToken: VerifyToken; readonly digest: KeyedDigest },
  ): Authenticate =>
  async (request) => {
    const { headers } = request
    const { authorization } = headers
    if (authorization === undefined) return refused('No authorization header presented')
    const credential = bearerOf(authorization)
    if (credential === null || countOf(request, 'authorization') > 1) return refused('Invalid authorization header')
    if (headers['x-gitlab-authentication-type'] !== 'oidc')
      return refused('Invalid authentication token type - only OIDC is supported')
    const verified = await dependencies.verifyToken(credential)
    if (!verified.ok) return refused('Forbidden by auth provider', verified.reason)
    const mismatch = mismatchedHeader(verified.claims, headers, options.serviceName)
    if (mismatch !== null) return refused(`Header mismatch '${mismatch}'`)
    return {
      kind: 'principal',
      principal: principalOf(verified.claims, headers, { ...options, digest: dependencies.digest }),
    }
  }

/** What follows the word Bearer; null for any other scheme. */
export const bearerOf = (authorization: string): string | null => {
  const [, scheme = '', credential = ''] = /^\s*(\S*)\s*(.*)$/s.exec(authorization) ?? []
  return scheme.toLowerCase() === 'bearer' ? credential.trim() : null
}

export const countOf = ({ rawHeaders }: CredentialHeaders, name: string): number =>
  rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length

/** The first header that contradicts the token, in GitLab's spelling. Claims that are absent or empty bind nothing. */
const mismatchedHeader = (claims: JWTPayload, headers: IncomingHttpHeaders, serviceName: string): string | null => {
  const bindings: [claim: unknown, header: string][] = [
    [claims['gitlab_realm'], 'X-Gitlab-Realm'],
    [claims['gitlab_instance_id'], 'X-Gitlab-Instance-Id'],
    [claims.sub, claims.iss === serviceName ? 'X-Gitlab-Global-User-Id' : 'X-Gitlab-Instance-Id'],
  ]
  const broken = bindings.find(
    ([claim, header]) => claim != null && claim !== '' && claim !== headers[header.toLowerCase()],
  )
  return broken?.[1] ?? null
}
