import { fetchBoundedJson } from './bounded-json.ts'
import { readKeySet } from './verification-key.ts'
import type { VerificationKey } from './verification-key.ts'

/** Durations in ms. */
export interface IssuerLimits {
  /** For each of the two documents. */
  readonly fetchTimeoutMs: number
  readonly documentBytesMax: number
  readonly keysMax: number
  /** Between the end of a good fetch and the next one. */
  readonly refreshMs: number
  /** After a failed fetch; doubles up to `retryMaxMs`. */
  readonly retryMs: number
  readonly retryMaxMs: number
  /** Keys of an issuer that cannot be reached are used this long. */
  readonly staleMs: number
  /** Least time between two fetches for keys nobody knows: a flood of made-up key ids must not reach the issuer. */
  readonly unknownKeyPauseMs: number
}

export const issuerLimits: IssuerLimits = {
  fetchTimeoutMs: 10_000,
  documentBytesMax: 64 * 1024,
  keysMax: 20,
  refreshMs: 600_000,
  retryMs: 1000,
  retryMaxMs: 60_000,
  staleMs: 24 * 3_600_000,
  unknownKeyPauseMs: 60_000,
}

export interface IssuerDependencies {
  /** Monotonic clock, ms. */
  now(): number
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void }
}

/** The keys of one OIDC issuer, fetched ahead of need and kept while the issuer is away. */
export class IssuerKeys implements Disposable {
  readonly #documentUrl: URL
  readonly #limits: IssuerLimits
  readonly #deps: IssuerDependencies
  #keys: readonly VerificationKey[] = []
  #fetchedAt: number | null = null
  #unknownAt: number | null = null
  #failures = 0
  #fetching: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined
  #disposed = false

  constructor(issuerUrl: string, limits: IssuerLimits, dependencies: IssuerDependencies) {
    // The path is absolute: whatever path the issuer's URL has is dropped, as GitLab's own gateway does.
    this.#documentUrl = new URL('/.well-known/openid-configuration', issuerUrl)
    this.#limits = limits
    this.#deps = dependencies
  }

  /** Whether keys were ever fetched. */
  get fetched(): boolean {
    return this.#fetchedAt !== null
  }

  /** The keys in use: none before the first fetch and after too long without one. */
  get keys(): readonly VerificationKey[] {
    return this.#fetchedAt !== null && this.#deps.now() - this.#fetchedAt <= this.#limits.staleMs ? this.#keys : []
  }

  /** Fetches until it works, with growing pauses, and again every `refreshMs`. */
  start(): void {
    void this.#fetchAndPlanNext()
  }

  /** A token names a key that nobody knows: fetches once, at most once per `unknownKeyPauseMs`. Never throws. */
  async lookAgain(): Promise<void> {
    if (this.#fetching === null) {
      const now = this.#deps.now()
      if (this.#unknownAt !== null && now - this.#unknownAt < this.#limits.unknownKeyPauseMs) return
      this.#unknownAt = now
      void this.#fetchAndPlanNext()
    }
    await this.#fetching
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    clearTimeout(this.#timer)
  }

  async #fetchAndPlanNext(): Promise<void> {
    clearTimeout(this.#timer)
    this.#fetching = this.#fetch()
    await this.#fetching
    this.#fetching = null
    if (this.#disposed) return
    const { refreshMs, retryMs, retryMaxMs } = this.#limits
    const pauseMs = this.#failures === 0 ? refreshMs : Math.min(retryMs * 2 ** (this.#failures - 1), retryMaxMs)
    this.#timer = setTimeout(() => this.start(), pauseMs).unref()
  }

  async #fetch(): Promise<void> {
    const issuer = this.#documentUrl.origin
    try {
      const keys = await this.#fetchKeys()
      this.#keys = keys
      this.#fetchedAt = this.#deps.now()
      this.#deps.log.info({ issuer, keys: keys.length }, 'token keys fetched')
      this.#failures = 0
    } catch (error) {
      this.#failures++
      this.#deps.log.warn(
        { issuer, err: error, failures: this.#failures },
        'token keys of the issuer not fetched; the last good ones stay',
      )
    }
  }

  async #fetchKeys(): Promise<readonly VerificationKey[]> {
    const options = { timeoutMs: this.#limits.fetchTimeoutMs, bytesMax: this.#limits.documentBytesMax }
    const document = (await fetchBoundedJson(this.#documentUrl.href, options)) as { jwks_uri?: unknown } | null
    const keySetUrl = URL.parse(typeof document?.jwks_uri === 'string' ? document.jwks_uri : '')
    const allowed = this.#documentUrl.protocol === 'https:' ? ['https:'] : ['https:', 'http:']
    if (keySetUrl === null || !allowed.includes(keySetUrl.protocol))
      throw new Error(`jwks_uri must be a URL of ${allowed.join(' or ')}`)
    const keys = await readKeySet(await fetchBoundedJson(keySetUrl.href, options), this.#limits.keysMax)
    if (keys.length === 0) throw new Error('the key set has no RSA signature key of at least 2048 bits')
    return keys
  }
}
