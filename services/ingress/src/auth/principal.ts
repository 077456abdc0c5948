import type { IncomingHttpHeaders } from 'node:http'
import type { JWTPayload } from 'jose'
import type { KeyedDigest } from './keyed-digest.ts'

/** Who asks, as far as a verified token says. Nothing behind authentication reads the token again. */
export interface Principal {
  /** Opaque: what queues and records see of the user. */
  readonly digest: string
  /** Unit primitives the token grants. */
  readonly scopes: ReadonlySet<string>
  readonly issuer: string
  readonly realm: string
  /** The gateway itself issued the token, for one user's editor. */
  readonly gatewayIssued: boolean
  readonly instanceId: string
  /** GitLab's anonymised user id, else its numeric one; undefined for calls on nobody's behalf. */
  readonly userId: string | undefined
  /** The anonymised id alone: tokens of our own are bound to it. */
  readonly globalUserId: string | undefined
  /** Claim of newer instances, passed on into tokens of our own. */
  readonly instanceUid: string | undefined
}

/** The principal of claims that passed every check. */
export const principalOf = (
  claims: JWTPayload,
  headers: IncomingHttpHeaders,
  options: { readonly serviceName: string; readonly digest: KeyedDigest },
): Principal => {
  const gatewayIssued = claims.iss === options.serviceName
  const instanceId =
    (gatewayIssued ? textOf(claims['gitlab_instance_id']) : textOf(claims.sub)) ||
    headerOf(headers, 'x-gitlab-instance-id')
  const userId = gatewayIssued
    ? textOf(claims.sub)
    : headerOf(headers, 'x-gitlab-global-user-id') || headerOf(headers, 'x-gitlab-user-id')
  const scopes = claims['scopes']
  return {
    digest: options.digest('principal', `${instanceId}\n${userId}`),
    scopes: new Set(Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : []),
    issuer: textOf(claims.iss),
    realm: textOf(claims['gitlab_realm']),
    gatewayIssued,
    instanceId,
    userId: userId || undefined,
    globalUserId: headerOf(headers, 'x-gitlab-global-user-id') || undefined,
    instanceUid: textOf(claims['gitlab_instance_uid']) || undefined,
  }
}

const textOf = (claim: unknown): string => (typeof claim === 'string' ? claim : '')

const headerOf = (headers: IncomingHttpHeaders, name: string): string => textOf(headers[name])
