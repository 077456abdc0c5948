import { homeOf, rankByAffinity } from './affinity.ts'
import { isEjected } from './node-health.ts'
import type { NodeHealth } from './node-health.ts'

export interface NodeChoice {
  name: string
  inFlight: number
  /** This worker's share of the node's limit. */
  limit: number
  /** Prompt tokens that wait for their prefill there, of all workers as far as known. */
  prefillTokens: number
  /** The node has reached a bound in tokens. */
  tokensFull: boolean
  health: NodeHealth
}

export interface PlaceableJob {
  avoidNodes: readonly string[]
  /** Keys that requests sharing a prefix have in common, most specific first. */
  affinity: readonly string[]
  /** An adapter is worth keeping on few nodes: its name, and how many. */
  lora?: { name: string; nodes: number } | undefined
}

/** Why a node was chosen, for traces and `penstock explain`. */
export type PlaceReason = 'affinity' | 'least-prefill' | 'last-resort'

export interface Placement {
  node: string
  reason: PlaceReason
}

export interface PlaceFacts {
  now: number
  /** Prompt tokens that may wait at a node before what shares its prefix goes elsewhere. */
  stickyTokensMax: number
}

/**
 * Chooses the node for a job. Filter: room, not ejected, not one the job failed on, meant for its adapter. Pick: the node that the
 * job's most specific key hashes to, while no more than `stickyTokensMax` prompt tokens wait there; then the same for the next key;
 * else the node with the least prefill waiting. The hash is the same on every worker and after every restart, so what shares a
 * prefix meets where it is cached, without any index.
 *
 * The last nodes are never filtered away: with all ejected or avoided, a healthy one with room will do, then any. Null: no node has
 * room.
 */
export const placeJob = (
  nodes: readonly NodeChoice[],
  job: PlaceableJob,
  { now, stickyTokensMax }: PlaceFacts,
): Placement | null => {
  const withRoom = nodes.filter(hasRoom)
  const fresh = (some: readonly NodeChoice[]) => some.filter(({ name }) => !job.avoidNodes.includes(name))
  const healthy = withRoom.filter((node) => !isEjected(node.health, now))
  const usable = [fresh(healthy), healthy].find(({ length }) => length > 0)
  if (usable === undefined) {
    const last = [fresh(withRoom), withRoom].find(({ length }) => length > 0)
    return last === undefined ? null : { node: leastPrefill(last, job).name, reason: 'last-resort' }
  }
  // Homes are sought among all that are well, full or not: a node that is busy for a moment must not move the keys of others.
  const well = forAdapter(
    nodes.filter((node) => !isEjected(node.health, now)),
    job,
  )
  for (const key of job.affinity) {
    const home = homeOf(key, well)
    if (home !== undefined && usable.includes(home) && home.prefillTokens <= stickyTokensMax)
      return { node: home.name, reason: 'affinity' }
  }
  const there = usable.filter((node) => well.includes(node))
  return { node: leastPrefill(there.length > 0 ? there : usable, job).name, reason: 'least-prefill' }
}

const hasRoom = (node: NodeChoice): boolean => node.inFlight < node.limit && !node.tokensFull

/** The nodes that hold the job's adapter; all without one. */
const forAdapter = (nodes: readonly NodeChoice[], { lora }: PlaceableJob): readonly NodeChoice[] =>
  lora === undefined ? nodes : rankByAffinity(`adapter ${lora.name}`, nodes).slice(0, lora.nodes)

/** Least prefill waiting, then least loaded in proportion, then the order of the job's own key: equal loads keep a prefix together. */
const leastPrefill = (nodes: readonly NodeChoice[], job: PlaceableJob): NodeChoice =>
  rankByAffinity(job.affinity[0] ?? '', nodes).reduce((best, node) => (isLess(node, best) ? node : best))

const isLess = (a: NodeChoice, b: NodeChoice): boolean =>
  a.prefillTokens === b.prefillTokens ? a.inFlight / a.limit < b.inFlight / b.limit : a.prefillTokens < b.prefillTokens
