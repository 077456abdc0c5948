/**
 * Caps the attempts that fail at a pool's nodes at a share of its requests, so that retries cannot double an overload.
 * Each request earns `share` of a retry, up to `burst` saved up.
 */
export class RetryBudget {
  readonly #share: number
  readonly #burst: number
  #saved: number

  constructor(options: { share: number; burst: number }) {
    this.#share = options.share
    this.#burst = options.burst
    this.#saved = options.burst
  }

  earn(): void {
    this.#saved = Math.min(this.#burst, this.#saved + this.#share)
  }

  /** Takes one retry; false when the budget is spent. */
  spend(): boolean {
    if (this.#saved < 1) return false
    this.#saved -= 1
    return true
  }
}
