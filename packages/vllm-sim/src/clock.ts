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

/** A clock that runs `speed` times as fast as another from the moment it is made: 10 shows ten seconds in one. */
export const scaledClock = (speed: number, clock: Clock = systemClock): Clock => {
  const startedAt = clock.nowMs()
  return {
    nowMs: () => startedAt + (clock.nowMs() - startedAt) * speed,
    after: (delayMs, run) => clock.after(delayMs / speed, run),
  }
}
