import type { Lane } from '@penstock/contracts'

/** What a node must keep for a lane's users, as seen by whoever calls it. */
export interface LaneTarget {
  /** From the call to the first token, ms, beyond what the prompt takes on an idle node. */
  readonly ttftMs: number
  /** Mean gap between output tokens of one answer, ms. */
  readonly itlMs: number
  /** Wait for a start in a burst, ms: a request that is expected to wait longer is refused. In a lasting overload it is less. */
  readonly waitMs: number
}

/**
 * Defaults. Completion: worthless after 1–2 s, of which the queue may take its part; 60 ms a token is three times what an 8B model takes
 * on a full GPU. Interactive: 10 tokens/s is faster than people read. Background: nobody watches.
 */
export const laneTargets: Readonly<Record<Lane, LaneTarget>> = {
  completion: { ttftMs: 600, itlMs: 60, waitMs: 900 },
  interactive: { ttftMs: 2500, itlMs: 100, waitMs: 2500 },
  background: { ttftMs: 15_000, itlMs: 300, waitMs: 30_000 },
}

/** What a configuration says of a lane instead of its defaults. */
export type LaneTargetChoice = { readonly name: Lane } & {
  readonly [K in keyof LaneTarget]?: LaneTarget[K] | undefined
}

/** The lanes' targets, with what the configuration says otherwise. */
export const laneTargetsOf = (lanes: readonly LaneTargetChoice[]): Readonly<Record<Lane, LaneTarget>> => {
  const targets: Record<Lane, LaneTarget> = { ...laneTargets }
  for (const { name, ttftMs, itlMs, waitMs } of lanes) {
    const own = targets[name]
    targets[name] = { ttftMs: ttftMs ?? own.ttftMs, itlMs: itlMs ?? own.itlMs, waitMs: waitMs ?? own.waitMs }
  }
  return targets
}
