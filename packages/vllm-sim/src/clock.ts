/** Time as the node sees it. */
export interface Clock {
  /** Epoch milliseconds with fractions, never going back. */
  nowMs(): number
  /** Runs something once after a delay, ms. Returns what cancels it. */
  after(delayMs: number, run: () => void): () => void
}

export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}
