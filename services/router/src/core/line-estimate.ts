import type { LaneLength } from '@penstock/queue'

const empty: LaneLength = { jobs: 0, bytes: 0, tokens: 0, oldestAddedAt: null }

/** What waits in a lane without asking the store for each request: the last count plus what this router added since. */
export class LineEstimate {
  readonly #counted = new Map<string, LaneLength>()
  readonly #added = new Map<string, number>()

  jobsIn(lane: string): number {
    return this.counted(lane).jobs + (this.#added.get(lane) ?? 0)
  }

  /** As last counted. */
  counted(lane: string): LaneLength {
    return this.#counted.get(lane) ?? empty
  }

  added(lane: string): void {
    this.#added.set(lane, (this.#added.get(lane) ?? 0) + 1)
  }

  count(lane: string, length: LaneLength): void {
    this.#counted.set(lane, length)
    this.#added.set(lane, 0)
  }
}
