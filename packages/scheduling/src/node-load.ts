/** What one call weighs. Tokens of the prompt are an estimate of the ingress. */
export interface CallWeight {
  readonly promptTokens: number
  /** Of these, what the node is believed to have cached. 0 when absent. */
  readonly cachedTokens?: number
  readonly outputTokensMax: number
}

/** Answers end long before their limit; without a measurement this many tokens are expected. */
const outputTokensGuess = 256

/** One call's place at a node. */
export interface Seat {
  readonly promptTokens: number
  /** Of these, what has to be computed. */
  readonly uncachedTokens: number
  readonly kvTokens: number
  readonly takenAt: number
  /** The first token came at; null: still in prefill. */
  decodingSince: number | null
  released: boolean
}

/**
 * What one worker has at one node: requests, prompt tokens that are not prefilled yet, and tokens that the KV cache must hold. Own
 * counters, because a node's metrics are late by a step (contract vllm §2). Instants are one monotonic clock, in ms.
 */
export class NodeLoad {
  #inFlight = 0
  #decoding = 0
  #prefillTokens = 0
  #kvTokens = 0
  #lastByteAt = Number.NEGATIVE_INFINITY
  #meanOutputTokens = outputTokensGuess
  /** Calls without a first token, and when that is overdue. */
  readonly #dueAt = new Map<Seat, number>()

  get inFlight(): number {
    return this.#inFlight
  }

  /** Prompt tokens of calls without a first token, without cached ones. */
  get prefillTokens(): number {
    return this.#prefillTokens
  }

  /** Prompts and expected answers of all calls in flight. */
  get kvTokens(): number {
    return this.#kvTokens
  }

  take(weight: CallWeight, now: number): Seat {
    const output = Math.min(weight.outputTokensMax, Math.ceil(this.#meanOutputTokens * 1.5))
    const seat: Seat = {
      promptTokens: weight.promptTokens,
      uncachedTokens: Math.max(0, weight.promptTokens - (weight.cachedTokens ?? 0)),
      kvTokens: weight.promptTokens + output,
      takenAt: now,
      decodingSince: null,
      released: false,
    }
    this.#inFlight += 1
    this.#prefillTokens += seat.uncachedTokens
    this.#kvTokens += seat.kvTokens
    return seat
  }

  /** The call leaves; its first token should come by `dueAt`. */
  called(seat: Seat, dueAt: number): void {
    if (seat.decodingSince === null && !seat.released) this.#dueAt.set(seat, dueAt)
  }

  /** The call brought its first token. */
  decodes(seat: Seat, now: number): void {
    if (seat.decodingSince !== null || seat.released) return
    seat.decodingSince = now
    this.#dueAt.delete(seat)
    this.#prefillTokens -= seat.uncachedTokens
    this.#decoding += 1
    this.#lastByteAt = now
  }

  /** A decoding stream brought bytes. */
  heard(now: number): void {
    this.#lastByteAt = now
  }

  /** Gives the place back. `outputTokens` of an answer that came to its end; null otherwise. */
  release(seat: Seat, outputTokens: number | null): void {
    if (seat.released) return
    seat.released = true
    this.#dueAt.delete(seat)
    this.#inFlight -= 1
    this.#kvTokens -= seat.kvTokens
    if (seat.decodingSince === null) this.#prefillTokens -= seat.uncachedTokens
    else this.#decoding -= 1
    if (outputTokens !== null) this.#meanOutputTokens += 0.05 * (outputTokens - this.#meanOutputTokens)
  }

  /** Whether a first token should have come by now. */
  isOverdue(now: number): boolean {
    return this.#dueAt.values().some((dueAt) => now > dueAt)
  }

  /** Since when no decoding stream has brought a byte, ms; null: none decodes. */
  silentForMs(now: number): number | null {
    return this.#decoding === 0 ? null : now - this.#lastByteAt
  }
}
