/** No byte of an answer for this long: the stream is broken. A worker is one stream's only witness. */
const gapMs = 10_000

export type ClockVerdict = 'too-slow' | 'stalled'

export interface ClockLimits {
  /** What the request has left, ms. */
  msToFirstByte: number
  msToEnd: number
  /** By when this node should have answered, ms: beyond, another node is asked. */
  firstTokenWithinMs: number
}

/**
 * The clocks of one call: time to the first token, gap between chunks, time to the end. Whichever runs out aborts the signal, which
 * closes the node's socket.
 */
export class RunClocks implements Disposable {
  readonly #controller = new AbortController()
  readonly #endTimer: NodeJS.Timeout
  #progressTimer: NodeJS.Timeout
  #heardAt = 0
  #verdict: ClockVerdict | null = null

  constructor({ msToFirstByte, msToEnd, firstTokenWithinMs }: ClockLimits) {
    const inTime = firstTokenWithinMs < msToFirstByte
    this.#progressTimer = setTimeout(
      () => this.#expire(inTime ? 'stalled' : 'too-slow'),
      Math.max(0, Math.min(msToFirstByte, firstTokenWithinMs)),
    )
    this.#endTimer = setTimeout(() => this.#expire('too-slow'), Math.max(0, msToEnd))
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Which clock ran out; null: none. */
  get verdict(): ClockVerdict | null {
    return this.#verdict
  }

  /** Something came from the node. Costs no timer per chunk: the gap's timer looks when it fires. */
  progress(): void {
    const first = this.#heardAt === 0
    this.#heardAt = performance.now()
    if (!first) return
    clearTimeout(this.#progressTimer)
    this.#watchGap(gapMs)
  }

  /** The node stands still, as seen by its other streams. */
  stall(): void {
    if (!this.#controller.signal.aborted) this.#expire('stalled')
  }

  /** Stops the call for a reason of ours. */
  abort(): void {
    this.#controller.abort()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#progressTimer)
    clearTimeout(this.#endTimer)
  }

  #watchGap(afterMs: number): void {
    this.#progressTimer = setTimeout(() => {
      const leftMs = gapMs - (performance.now() - this.#heardAt)
      if (leftMs <= 0) this.#expire('stalled')
      else this.#watchGap(leftMs)
    }, afterMs)
  }

  #expire(verdict: ClockVerdict): void {
    this.#verdict = verdict
    this.#controller.abort()
  }
}
