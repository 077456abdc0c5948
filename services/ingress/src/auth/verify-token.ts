import { decodeProtectedHeader, errors, jwtVerify } from 'jose'
import type { JWTPayload } from 'jose'
import { hasDuplicateKeys } from './duplicate-keys.ts'
import type { VerificationKey } from './verification-key.ts'

export interface TokenOptions {
  /** What `aud` must be or contain. */
  readonly audience: string
}

export interface TokenDependencies {
  readonly keys: { find(kid: string | undefined): Promise<VerificationKey[]> }
  /** Epoch ms. */
  now(): number
}

/** `reason` is for the log: the client is not told which check failed. */
export type VerifiedToken =
  | { readonly ok: true; readonly claims: JWTPayload }
  | { readonly ok: false; readonly reason: string }

export type VerifyToken = (token: string) => Promise<VerifiedToken>

/** Longer ones are refused unread. */
const tokenCharsMax = 16 * 1024
const leewayS = 5
/** Portal tokens live for days; an `exp` beyond this is no date at all. */
const lifetimeMaxS = 366 * 24 * 3600

const refused = (reason: string): VerifiedToken => ({ ok: false, reason })

/**
 * Verifies a token: RS256 by one of the known keys, `aud`, `exp`, `nbf`. What a token's header says about where keys are
 * (`jku`, `x5u`, `jwk`, `x5c`) is never looked at. Never throws.
 */
export const createTokenVerifier =
  (options: TokenOptions, dependencies: TokenDependencies): VerifyToken =>
  async (token) => {
    if (token === '') return refused('empty')
    if (token.length > tokenCharsMax) return refused('too_long')
    const header = readHeader(token)
    if (header === null) return refused('malformed')
    if (header.alg !== 'RS256') return refused('algorithm')
    const candidates = await dependencies.keys.find(typeof header.kid === 'string' ? header.kid : undefined)
    let verified: VerifiedToken = refused('unknown_key')
    for (const { key } of candidates) {
      verified = await verifyWith(key, token, options.audience, dependencies.now())
      if (verified.ok || verified.reason !== 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') return verified
    }
    return verified
  }

const verifyWith = async (
  key: VerificationKey['key'],
  token: string,
  audience: string,
  nowMs: number,
): Promise<VerifiedToken> => {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['RS256'],
      audience,
      clockTolerance: leewayS,
      requiredClaims: ['exp'],
      currentDate: new Date(nowMs),
    })
    if ((payload.exp ?? Infinity) > nowMs / 1000 + lifetimeMaxS) return refused('expires_too_late')
    const text = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
    return hasDuplicateKeys(text) ? refused('duplicate_claims') : { ok: true, claims: payload }
  } catch (error) {
    return refused(error instanceof errors.JOSEError ? error.code : 'malformed')
  }
}

const readHeader = (token: string) => {
  try {
    return decodeProtectedHeader(token)
  } catch {
    return null
  }
}
