import type { VirtualClock } from './virtual-clock.fixture.ts'

/** What a bus may do to messages until `calmAt`, ms. */
export interface BusFaults {
  readonly lossRatio: number
  readonly twiceRatio: number
  /** Messages overtake each other within it. */
  readonly latencyMsMax: number
  readonly calmAt: number
}

/** As `Bus.request` asks. */
const tryMs = 300

/** A bus that loses, doubles and delays. */
export class SimulatedBus {
  readonly #clock: VirtualClock
  readonly #faults: BusFaults

  constructor(clock: VirtualClock, faults: BusFaults) {
    this.#clock = clock
    this.#faults = faults
  }

  get stormy(): boolean {
    return this.#clock.now < this.#faults.calmAt
  }

  message(deliver: () => void): void {
    const { lossRatio, twiceRatio, latencyMsMax } = this.#faults
    const { now, random } = this.#clock
    if (!this.stormy) return this.#clock.at(now + 1, deliver)
    if (random() >= lossRatio) this.#clock.at(now + this.#clock.below(latencyMsMax), deliver)
    if (random() < twiceRatio) this.#clock.at(now + this.#clock.below(latencyMsMax), deliver)
  }

  /** Asks until an answer comes, `tries` times; null when none came. The other side may hear it several times, or answer late. */
  question<A>(ask: (answer: (answer: A) => void) => void, done: (answer: A | null) => void, tries = 3): void {
    let settled = false
    const settle = (answer: A | null): void => {
      if (settled) return
      settled = true
      done(answer)
    }
    const send = (left: number): void => {
      if (settled) return
      if (left === 0) return settle(null)
      this.message(() => ask((answer) => this.message(() => settle(answer))))
      this.#clock.at(this.#clock.now + tryMs, () => send(left - 1))
    }
    send(tries)
  }
}
