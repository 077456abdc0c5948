import type { Lane } from '@penstock/contracts'

/** What a node must keep for a lane's users, as seen by whoever calls it. */
export interface LaneTarget {
  /** From the call to the first token, ms, beyond what the prompt takes on an idle node. */
  readonly ttftMs: number
  /** Mean gap between output tokens of one answer, ms. */
  readonly itlMs: number
}

/**
 * Defaults. Completion: worthless after 1–2 s, of which the queue needs its part; 60 ms a token is three times what an 8B model takes
 * on a full GPU. Interactive: 10 tokens/s is faster than people read. Background: nobody watches.
 */
export const laneTargets: Readonly<Record<Lane, LaneTarget>> = {
  completion: { ttftMs: 600, itlMs: 60 },
  interactive: { ttftMs: 2500, itlMs: 100 },
  background: { ttftMs: 15_000, itlMs: 300 },
}
