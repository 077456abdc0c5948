import { createHmac } from 'node:crypto'

/** Opaque 32 hex digits of a text: equal for equal secret, purpose and text, and of no use for guessing any of them. */
export type KeyedDigest = (
  purpose: 'principal' | 'tenant' | 'domain' | 'affinity' | 'replace' | 'flight' | 'openai-key',
  text: string,
) => string

/** HMAC-SHA256 under a secret that all replicas of a deployment share. The purposes cannot collide. */
export const keyedDigest =
  (secret: string | Uint8Array): KeyedDigest =>
  (purpose, text) =>
    createHmac('sha256', secret).update(purpose).update('\n').update(text).digest('hex').slice(0, 32)
