/** Waits between restarts of one process. */
export interface BackOff {
  readonly initialMs: number
  readonly maxMs: number
}

/** Alive for so long, a process counts as healthy again and its next restart is quick, ms. */
const healthyAfterMs = 10_000

/** Time to wait before the next start, ms: doubles with each quick death. */
export const nextWaitMs = (previousMs: number | null, aliveMs: number, { initialMs, maxMs }: BackOff): number =>
  previousMs === null || aliveMs >= healthyAfterMs ? initialMs : Math.min(maxMs, previousMs * 2)
