/** How fast what was asked long ago is forgotten, ms. */
const memoryMs = 5000

interface Asked {
  /** Requests, each worth less the older it is. */
  all: number
  refused: number
  at: number
}

/** Which part of the requests for a lane had to be refused lately because too much was asked. Instants are one monotonic clock, in ms. */
export class RefusalShares {
  readonly #lanes = new Map<string, Asked>()

  asked(lane: string, refused: boolean, now: number): void {
    const former = this.#lanes.get(lane)
    const fading = former === undefined ? 0 : Math.exp((former.at - now) / memoryMs)
    this.#lanes.set(lane, {
      all: (former?.all ?? 0) * fading + 1,
      refused: (former?.refused ?? 0) * fading + (refused ? 1 : 0),
      at: now,
    })
  }

  /** 0 to 1. What was hardly asked for lately was hardly refused. */
  of(lane: string, now: number): number {
    const asked = this.#lanes.get(lane)
    if (asked === undefined) return 0
    const fading = Math.exp((asked.at - now) / memoryMs)
    return (asked.refused * fading) / Math.max(1, asked.all * fading)
  }
}
