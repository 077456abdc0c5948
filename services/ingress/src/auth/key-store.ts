import { IssuerKeys, issuerLimits } from './issuer-keys.ts'
import type { IssuerDependencies, IssuerLimits } from './issuer-keys.ts'
import { readPemKey } from './verification-key.ts'
import type { VerificationKey } from './verification-key.ts'

export interface KeyStoreOptions {
  /** Base URLs of the OIDC issuers; equal origins are fetched once. */
  readonly issuerUrls: readonly string[]
  /** Names our own keys. */
  readonly serviceName: string
  /** PEM keys of tokens that the gateway issues; their public halves are accepted. */
  readonly signingKey?: string | undefined
  readonly validationKey?: string | undefined
  readonly limits?: Partial<IssuerLimits>
}

/** Every key that may have signed a token: those of all issuers, and our own. Throws for a PEM key that is unfit. */
export class KeyStore implements Disposable {
  readonly #issuers: readonly IssuerKeys[]
  readonly #own: readonly VerificationKey[]

  constructor(options: KeyStoreOptions, dependencies: IssuerDependencies) {
    const limits = { ...issuerLimits, ...options.limits }
    const origins = new Set(options.issuerUrls.map((url) => new URL(url).origin))
    this.#issuers = [...origins].map((origin) => new IssuerKeys(origin, limits, dependencies))
    const own = { signing_key: options.signingKey, validation_key: options.validationKey }
    this.#own = Object.entries(own).flatMap(([name, pem]) =>
      pem === undefined ? [] : [readPemKey(pem, `${options.serviceName}_${name}`)],
    )
  }

  /** True once the keys of one issuer came, or when there is no issuer to ask. An issuer that is away for good blocks nothing. */
  get ready(): boolean {
    return this.#issuers.length === 0 || this.#issuers.some((issuer) => issuer.fetched)
  }

  /** Begins to fetch from all issuers at once, and goes on until disposed. */
  start(): void {
    for (const issuer of this.#issuers) issuer.start()
  }

  /** The keys that a token with this `kid` may be signed with; all of them for a token that names none. */
  async find(kid: string | undefined): Promise<VerificationKey[]> {
    const known = this.#known(kid)
    if (known.length > 0) return known
    await Promise.all(this.#issuers.map((issuer) => issuer.lookAgain()))
    return this.#known(kid)
  }

  [Symbol.dispose](): void {
    for (const issuer of this.#issuers) issuer[Symbol.dispose]()
  }

  #known(kid: string | undefined): VerificationKey[] {
    const all = [...this.#own, ...this.#issuers.flatMap((issuer) => issuer.keys)]
    return kid === undefined ? all : all.filter((key) => key.kid === kid)
  }
}
