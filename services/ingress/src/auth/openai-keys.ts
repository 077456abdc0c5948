import { createHash, timingSafeEqual } from 'node:crypto'
import type { ConfigDocument } from '@penstock/config'
import { bearerOf, countOf } from './authenticate.ts'
import type { CredentialHeaders } from './authenticate.ts'

/** A configured key of the OpenAI front that a caller showed. */
export interface OpenAiKey {
  readonly name: string
  /** Names of the models it may use; undefined: all. */
  readonly models: readonly string[] | undefined
  /** Trust domain that it shares with other keys; undefined: it shares none. */
  readonly domain: string | undefined
}

type KeyConfig = ConfigDocument['openai']['keys'][number]

/** Finds the configured key that a caller shows, by its SHA-256. */
export class OpenAiKeys {
  /** Digests as bytes, kept as long as the document they come from. */
  readonly #digests = new WeakMap<readonly KeyConfig[], readonly Buffer[]>()

  /** Null: not exactly one key as `Authorization: Bearer …`, or one that nobody configured. */
  find(request: CredentialHeaders, keys: readonly KeyConfig[]): OpenAiKey | null {
    if (countOf(request, 'authorization') !== 1) return null
    return this.#known(bearerOf(request.headers.authorization ?? ''), keys)
  }

  /** The same for clients of Anthropic's API, which show it as `X-Api-Key` or as OpenAI's do, and not both. */
  findAnthropic(request: CredentialHeaders, keys: readonly KeyConfig[]): OpenAiKey | null {
    const shown = request.headers['x-api-key']
    if (shown === undefined) return this.find(request, keys)
    const once = countOf(request, 'x-api-key') === 1 && countOf(request, 'authorization') === 0
    return once && typeof shown === 'string' ? this.#known(shown, keys) : null
  }

  #known(shown: string | null, keys: readonly KeyConfig[]): OpenAiKey | null {
    if (!shown) return null
    const digest = createHash('sha256').update(shown).digest()
    const key = keys[this.#digestsOf(keys).findIndex((known) => timingSafeEqual(known, digest))]
    return key === undefined ? null : { name: key.name, models: key.scopes, domain: key.domain }
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
