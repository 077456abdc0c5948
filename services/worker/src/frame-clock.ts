/** Something that gathers and wants to be flushed at the next beat. */
export interface Flushable {
  flush(): void
}

/**
 * One timer for the frames of a worker's runs for one ingress. Runs whose parts arrive faster than a frame's interval are flushed together,
 * so that their frames share one write to the bus: at 50 streams that is one system call where each had its own.
 */
export class FrameClock {
  /** Longest wait of a part, ms. */
  everyMs: number
  readonly #afterBeat: () => void
  #waiting: Flushable[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(everyMs: number, afterBeat: () => void) {
    this.everyMs = everyMs
    this.#afterBeat = afterBeat
  }

  /** Flushes at the next beat, at most `everyMs` from now. Ask once per gathering; always true. */
  enlist(flushable: Flushable): true {
    this.#waiting.push(flushable)
    if (this.#timer === null) this.#timer = setTimeout(() => this.#beat(), this.everyMs)
    return true
  }

  #beat(): void {
    this.#timer = null
    const due = this.#waiting
    this.#waiting = []
    for (const flushable of due) flushable.flush()
    this.#afterBeat()
  }
}
