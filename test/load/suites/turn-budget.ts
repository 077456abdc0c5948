/** How long a suite may take, ms: a look of 10 minutes, a figure of 40, less what ending takes. */
export const suiteBudgetMs = { quick: 9.5 * 60_000, whole: 38 * 60_000 } as const

/** The time that a suite has, so that a slow machine makes it measure less instead of running on. */
export class TurnBudget {
  readonly #endsAt: number
  readonly #now: () => number
  readonly #leftOut: string[] = []

  constructor(budgetMs: number, now: () => number = () => performance.now()) {
    this.#now = now
    this.#endsAt = now() + budgetMs
  }

  /** Whether a turn of so many ms still fits; one that does not is noted as left out. */
  fits(turn: string, turnMs: number): boolean {
    if (this.#now() + turnMs <= this.#endsAt) return true
    this.#leftOut.push(`${turn}: no time was left`)
    return false
  }

  /** A turn that could not be measured, and why. */
  failed(turn: string, error: unknown): void {
    this.#leftOut.push(`${turn}: ${error instanceof Error ? error.message : String(error)}`)
  }

  /** Turns without a result, with the reason of each. */
  get leftOut(): readonly string[] {
    return this.#leftOut
  }
}
