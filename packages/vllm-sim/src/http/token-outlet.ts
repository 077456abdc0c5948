import type { Clock } from '../clock.ts'

/** What leaves at once would be late by less than this, ms: timers are not finer. */
const waitMinMs = 1

interface Held {
  readonly readyAt: number
  readonly leave: () => void
}

/**
 * The way out of the API server, which works on one token at a time: what streams send leaves in order, each token so long after the one
 * before as the server needs for it. Where tokens come faster, they queue up here while the engine goes on.
 */
export class TokenOutlet {
  readonly #tokenMs: number
  readonly #clock: Clock
  readonly #held: Held[] = []
  #freeAt = -Infinity
  #cancelTimer: (() => void) | undefined

  /** `tokenMs`: for each token. 0: everything leaves at once. */
  constructor(tokenMs: number, clock: Clock) {
    this.#tokenMs = tokenMs
    this.#clock = clock
  }

  /** Runs `leave` when so many tokens have been worked off, never before what was sent earlier. */
  send(tokens: number, leave: () => void): void {
    if (this.#tokenMs === 0) return leave()
    const now = this.#clock.nowMs()
    this.#freeAt = Math.max(this.#freeAt, now) + tokens * this.#tokenMs
    if (this.#held.length === 0 && this.#freeAt < now + waitMinMs) return leave()
    this.#held.push({ readyAt: this.#freeAt, leave })
    if (this.#held.length === 1) this.#wait(now)
  }

  /** Forgets what has not left: the server is gone. */
  stop(): void {
    this.#cancelTimer?.()
    this.#held.length = 0
  }

  #wait(now: number): void {
    const [first] = this.#held
    if (first === undefined) return
    this.#cancelTimer = this.#clock.after(first.readyAt - now, () => this.#leave())
  }

  #leave(): void {
    const now = this.#clock.nowMs()
    const waiting = this.#held.findIndex(({ readyAt }) => readyAt >= now + waitMinMs)
    for (const { leave } of this.#held.splice(0, waiting < 0 ? this.#held.length : waiting)) leave()
    this.#wait(now)
  }
}
