/** Virtual time with what is to happen in it, and chances that a seed repeats. */
export class VirtualClock {
  readonly random: () => number
  readonly #events: { at: number; order: number; run: () => void }[] = []
  #now = 0
  #order = 0

  constructor(seed: number) {
    let state = seed
    this.random = () => {
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
    }
  }

  get now(): number {
    return this.#now
  }

  /** A whole number from 0 to `max`. */
  below(max: number): number {
    return Math.floor(this.random() * (max + 1))
  }

  at(at: number, run: () => void): void {
    const { length } = this.#events
    this.#events.push({ at, order: (this.#order += 1), run })
    this.#up(length)
  }

  /** Lets the next thing happen; false: there is none. */
  step(): boolean {
    const first = this.#events[0]
    const last = this.#events.pop()
    if (first === undefined || last === undefined) return false
    if (first !== last) {
      this.#events[0] = last
      this.#down(0)
    }
    this.#now = first.at
    first.run()
    return true
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#events[a], this.#events[b]]
    return x !== undefined && y !== undefined && (x.at < y.at || (x.at === y.at && x.order < y.order))
  }

  #swap(a: number, b: number): void {
    const events = this.#events as { at: number; order: number; run: () => void }[]
    ;[events[a], events[b]] = [events[b]!, events[a]!]
  }

  #up(index: number): void {
    for (let at = index; at > 0;) {
      const parent = (at - 1) >> 1
      if (!this.#before(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #down(index: number): void {
    for (let at = index; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      const child = this.#before(right, left) ? right : left
      if (!this.#before(child, at)) return
      this.#swap(child, at)
      at = child
    }
  }
}
