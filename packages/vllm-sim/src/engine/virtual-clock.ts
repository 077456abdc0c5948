import type { Clock } from '../clock.ts'
import { MinHeap } from './min-heap.ts'

interface Timer {
  readonly at: number
  readonly order: number
  run: (() => void) | undefined
}

/**
 * Time that passes only as fast as there is something to do: an event loop for simulations. Engines, arrivals and policies share one;
 * what is due at the same instant runs in the order it was asked for. Starts at 0 ms.
 */
export class VirtualClock implements Clock {
  #now: number
  #order = 0
  readonly #timers = new MinHeap<Timer>((one, other) => one.at - other.at || one.order - other.order)

  constructor(startAt = 0) {
    this.#now = startAt
  }

  nowMs(): number {
    return this.#now
  }

  after(delayMs: number, run: () => void): () => void {
    return this.at(this.#now + delayMs, run)
  }

  /** Runs something at an instant; one in the past is due at once. Returns what cancels it. */
  at(instant: number, run: () => void): () => void {
    const timer: Timer = { at: Math.max(instant, this.#now), order: this.#order++, run }
    this.#timers.push(timer)
    return () => {
      timer.run = undefined
    }
  }

  /** Lets time pass until nothing is left to do, or up to `until`, what is due at that very instant included. Returns the time then. */
  run(until = Infinity): number {
    for (let timer = this.#timers.peek(); timer !== undefined && timer.at <= until; timer = this.#timers.peek()) {
      this.#timers.pop()
      if (timer.run === undefined) continue
      this.#now = timer.at
      timer.run()
    }
    if (until !== Infinity) this.#now = Math.max(this.#now, until)
    return this.#now
  }
}
