/** What a pool's size depends on, at one instant. */
export interface PoolDemand {
  /** Runs under way. */
  readonly running: number
  readonly queued: number
  /** Runs that one node takes at once. */
  readonly slotsPerNode: number
  /** Mean time that a run holds a slot, ms; null: not measured yet. */
  readonly serviceMs: number | null
}

export interface DesiredNodesOptions {
  /** Part of its slots that a pool should use: the rest takes bursts. */
  readonly targetSaturation: number
  /** A backlog should be worked off within this time, ms. */
  readonly backlogMs: number
  /** Moments shorter than this change nothing, ms. */
  readonly smoothMs: number
  /** A pool shrinks only to what it needed at most for so long: a model takes minutes to load. */
  readonly shrinkAfterMs: number
}

/** reference: scale up at once, down after 300–600 s. */
export const desiredNodesDefaults: DesiredNodesOptions = {
  targetSaturation: 0.8,
  backlogMs: 10_000,
  smoothMs: 15_000,
  shrinkAfterMs: 300_000,
}

/** How many nodes the demand of this instant asks for, as a fraction: its slots at the target, and its backlog in time. */
export const nodesFor = (demand: PoolDemand, options: DesiredNodesOptions): number => {
  const { running, queued, slotsPerNode, serviceMs } = demand
  const slots = Math.max(1, slotsPerNode)
  const held = (running + queued) / (slots * options.targetSaturation)
  const backlog = (running + (queued * (serviceMs ?? 0)) / options.backlogMs) / slots
  // A short run leaves its slot to the next in line: what waits need not all run at once.
  return serviceMs === null || serviceMs >= options.backlogMs
    ? held
    : Math.max(running / (slots * options.targetSaturation), backlog)
}

/**
 * The number of nodes that a pool should have, for an autoscaler: follows growing demand within `smoothMs`, shrinks late, and does
 * not flap. Zero only after a pool had nothing to do for `shrinkAfterMs`; the first waiting request asks for one at once.
 */
export class DesiredNodes {
  readonly #options: DesiredNodesOptions
  #smooth = 0
  #at: number | null = null
  /** Needs that are still remembered, falling: a later one that is as large makes an earlier one forgettable. */
  #needs: { nodes: number; at: number }[] = []

  constructor(options: DesiredNodesOptions = desiredNodesDefaults) {
    this.#options = options
  }

  /** Takes a measurement and says how many. Instants are one monotonic clock, in ms. */
  update(demand: PoolDemand, now: number): number {
    const instant = nodesFor(demand, this.#options)
    const weight = this.#at === null ? 1 : 1 - Math.exp((this.#at - now) / this.#options.smoothMs)
    this.#smooth += (instant - this.#smooth) * weight
    this.#at = now
    const anything = demand.running + demand.queued > 0 ? 1 : 0
    // A tenth of a node is no reason for a node.
    const nodes = Math.max(anything, Math.ceil(this.#smooth - 0.1))
    this.#needs = this.#needs.filter((need) => need.nodes > nodes && now - need.at < this.#options.shrinkAfterMs)
    this.#needs.push({ nodes, at: now })
    return this.#needs[0]?.nodes ?? nodes
  }
}
