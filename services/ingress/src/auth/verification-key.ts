import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { importJWK } from 'jose'
import type { CryptoKey, JWK } from 'jose'

/** A public key that tokens may be signed with. */
export interface VerificationKey {
  /** Empty when the issuer gives it none. */
  readonly kid: string
  readonly key: CryptoKey | KeyObject
}

/** Shorter RSA keys can be broken. */
const modulusBitsMin = 2048

/** The usable RSA keys of a key set; others in it are left out. Throws when the set is no key set or larger than `keysMax`. */
export const readKeySet = async (json: unknown, keysMax: number): Promise<VerificationKey[]> => {
  const keys = (json as { keys?: unknown } | null)?.keys
  if (!Array.isArray(keys)) throw new Error('the key set has no list of keys')
  if (keys.length > keysMax) throw new Error(`the key set has ${keys.length} keys, more than ${keysMax}`)
  const read = await Promise.all(keys.map(readKey))
  return read.filter((key) => key !== null)
}

const readKey = async (json: unknown): Promise<VerificationKey | null> => {
  const { kty, n, e, kid, use, alg } = (json ?? {}) as Record<string, unknown>
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return null
  if ((use !== undefined && use !== 'sig') || (alg !== undefined && alg !== 'RS256')) return null
  // Rebuilt from its public members, so a private key published by mistake stays unused.
  const jwk: JWK = { kty, n, e }
  const key = await importJWK(jwk, 'RS256').catch(() => null)
  if (key === null || key instanceof Uint8Array) return null
  const { modulusLength } = key.algorithm as { modulusLength?: number }
  return (modulusLength ?? 0) < modulusBitsMin ? null : { kid: typeof kid === 'string' ? kid : '', key }
}

/** The public half of a PEM key, private or public. Throws when it is no RSA key or a short one. */
export const readPemKey = (pem: string, kid: string): VerificationKey => {
  const key = createPublicKey(pem)
  if (key.asymmetricKeyType !== 'rsa') throw new Error(`${kid}: must be an RSA key`)
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < modulusBitsMin)
    throw new Error(`${kid}: must have at least ${modulusBitsMin} bits`)
  return { kid, key }
}
