/** One lane of a pool as the configuration lists it, in order of precedence. */
export interface LaneShare<L extends string> {
  readonly name: L
  /** Part of the starts that it keeps however much waits in the lanes above, 0–1. */
  readonly minimumShare: number
}

/**
 * The order in which a worker tries a pool's lanes: as configured, except that a lane whose minimum share is due goes first.
 * Each start earns every lane its share of a start; a lane that has earned a whole one is due. A lane that was tried first and
 * was empty has nothing to make up for: its credit is gone, so credits stay small while the shares add up to 1 at most. Sums over workers keep the shares, since each worker keeps them.
 */
export class LaneOrder<L extends string> {
  #lanes: readonly LaneShare<L>[]
  readonly #credits = new Map<L, number>()

  constructor(lanes: readonly LaneShare<L>[]) {
    this.#lanes = lanes
  }

  /** Other lanes or shares from the next start on; credit earned stays. */
  configure(lanes: readonly LaneShare<L>[]): void {
    this.#lanes = lanes
  }

  /** All lanes, the ones due first. */
  order(): L[] {
    const due = this.#lanes
      .filter(({ name }) => this.#creditOf(name) >= 1)
      .toSorted((a, b) => this.#creditOf(b.name) - this.#creditOf(a.name))
    return [...due, ...this.#lanes.filter((lane) => !due.includes(lane))].map(({ name }) => name)
  }

  /** A job of this lane was started, from an attempt in the given order. */
  started(lane: L, order: readonly L[]): void {
    for (const empty of order.slice(0, order.indexOf(lane))) this.#credits.set(empty, 0)
    for (const { name, minimumShare } of this.#lanes) this.#credits.set(name, this.#creditOf(name) + minimumShare)
    this.#credits.set(lane, Math.max(0, this.#creditOf(lane) - 1))
  }

  #creditOf(lane: L): number {
    return this.#credits.get(lane) ?? 0
  }
}
