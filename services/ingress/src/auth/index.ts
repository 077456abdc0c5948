export { createAuthenticate } from './authenticate.ts'
export { keyedDigest } from './keyed-digest.ts'
export { KeyStore } from './key-store.ts'
export { createTokenVerifier } from './verify-token.ts'
