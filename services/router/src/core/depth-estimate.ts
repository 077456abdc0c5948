/** Waiting jobs of a lane without asking the store for each request: the last count plus what this router added since. */
export class DepthEstimate {
  readonly #counted = new Map<string, number>()
  readonly #added = new Map<string, number>()

  of(lane: string): number {
    return (this.#counted.get(lane) ?? 0) + (this.#added.get(lane) ?? 0)
  }

  added(lane: string): void {
    this.#added.set(lane, (this.#added.get(lane) ?? 0) + 1)
  }

  counted(lane: string, depth: number): void {
    this.#counted.set(lane, depth)
    this.#added.set(lane, 0)
  }
}
