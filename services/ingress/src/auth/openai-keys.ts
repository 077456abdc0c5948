import { createHash, timingSafeEqual } from 'node:crypto'
import type { ConfigDocument } from '@penstock/config'
import { bearerOf, countOf } from './authenticate.ts'
import type { CredentialHeaders } from './authenticate.ts'

/** A configured key of the OpenAI front that a caller showed. */
export interface OpenAiKey {
  readonly name: string
  /** Names of the models it may use; undefined: all. */
  readonly models: readonly string[] | undefined
}

type KeyConfig = ConfigDocument['openai']['keys'][number]

/** Finds the configured key that a caller shows as `Authorization: Bearer …`, by its SHA-256. */
export class OpenAiKeys {
  /** Digests as bytes, kept as long as the document they come from. */
  readonly #digests = new WeakMap<readonly KeyConfig[], readonly Buffer[]>()

  /** Null: no key, or one that nobody configured. */
  find(request: CredentialHeaders, keys: readonly KeyConfig[]): OpenAiKey | null {
    const shown = bearerOf(request.headers.authorization ?? '')
    if (!shown || countOf(request, 'authorization') > 1) return null
    const digest = createHash('sha256').update(shown).digest()
    const key = keys[this.#digestsOf(keys).findIndex((known) => timingSafeEqual(known, digest))]
    return key === undefined ? null : { name: key.name, models: key.scopes }
  }

  #digestsOf(keys: readonly KeyConfig[]): readonly Buffer[] {
    let digests = this.#digests.get(keys)
    if (digests === undefined) {
      digests = keys.map(({ sha256 }) => Buffer.from(sha256, 'hex'))
      this.#digests.set(keys, digests)
    }
    return digests
  }
}
