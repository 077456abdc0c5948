import type { WorkerBeat } from '@penstock/contracts'

/** What others have at a node. */
export interface OthersAt {
  inFlight: number
  prefillTokens: number
}

/** Beats older than this tell nothing of what is in flight: four missed ones. */
const currentMs = 2000

/** What the other workers have at each node, from their beats: late by up to one, so own counters come first. */
export class ColleagueLoads {
  readonly #self: string
  readonly #loads = new Map<string, { at: number; nodes: Map<string, OthersAt> }>()

  constructor(self: string) {
    this.#self = self
  }

  heard(beat: WorkerBeat, now: number): void {
    for (const [worker, { at }] of this.#loads) if (now - at > currentMs) this.#loads.delete(worker)
    if (beat.worker === this.#self) return
    const nodes = new Map<string, OthersAt>()
    // A node that serves two pools is named in both, with all it has.
    for (const pool of beat.pools)
      for (const { node, inFlight, prefillTokens } of pool.nodes) nodes.set(node, { inFlight, prefillTokens })
    this.#loads.set(beat.worker, { at: now, nodes })
  }

  at(node: string, now: number): OthersAt {
    const sum = { inFlight: 0, prefillTokens: 0 }
    for (const { at, nodes } of this.#loads.values()) {
      const there = now - at > currentMs ? undefined : nodes.get(node)
      sum.inFlight += there?.inFlight ?? 0
      sum.prefillTokens += there?.prefillTokens ?? 0
    }
    return sum
  }
}
