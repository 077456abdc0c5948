import { homeOf, rankByAffinity } from './affinity.ts'
import { isEjected } from './node-health.ts'
import type { NodeHealth } from './node-health.ts'

export interface NodeChoice {
  name: string
  inFlight: number
  /** This worker's share of the node's limit. */
  limit: number
  /** Prompt tokens that wait to be computed there, of all workers as far as known; cached ones are not among them. */
  prefillTokens: number
  /** Tokens of the job's prompt that the node is believed to have cached; 0: nothing is known. */
  cachedTokens: number
  /** The node has reached a bound in tokens. */
  tokensFull: boolean
  health: NodeHealth
}

export interface PlaceableJob {
  avoidNodes: readonly string[]
  /** Keys that requests sharing a prefix have in common, most specific first. */
  affinity: readonly string[]
  promptTokens: number
  /** An adapter is worth keeping on few nodes: its name, and how many. */
  lora?: { name: string; nodes: number } | undefined
}

/** Why a node was chosen, for traces and `penstock explain`. */
export type PlaceReason = 'affinity' | 'least-prefill' | 'last-resort'

export interface Placement {
  node: string
  reason: PlaceReason
}

/**
 * A token to be computed weighs as much as so many that wait: it costs everyone behind it too. With 1, agents at 6/s on eight modelled
 * A100 spread and compute each other's prompts anew until nothing ends in time; with 3 they reach 0.99 of what one shared cache of all
 * nodes would find, 0.92 with four workers (`bench -- prefix`, policies).
 */
const computeWeight = 3
/** Of a prompt that nothing is known of, the part that is taken to be missing at its key's home: others may have sent the rest there. */
const homeMissingShare = 0.1

/**
 * Chooses the node for a job. Filter: room, not ejected, not one the job failed on, meant for its adapter. Pick: the least prefill
 * waiting there together with what of the job's own prompt would have to be computed, which is little where it was sent before, and
 * at the home of its most specific key. The home is a hash, the same on every worker and after every restart, so what shares a prefix
 * meets where it is cached, without any index, and leaves only when waiting there costs more than computing it anew.
 *
 * A bound in tokens keeps work away that would have to be computed, not what is cached. The last nodes are never filtered away: with
 * all ejected or avoided, a healthy one with room will do, then any. Null: no node has room.
 */
export const placeJob = (nodes: readonly NodeChoice[], job: PlaceableJob, now: number): Placement | null => {
  const healthy = nodes.filter((node) => !isEjected(node.health, now))
  // Homes are sought among all that are well, full or not: a node that is busy for a moment must not move the keys of others.
  const well = forAdapter(healthy, job)
  const [key] = job.affinity
  const home = key === undefined ? undefined : homeOf(key, well)
  const hasRoom = (node: NodeChoice): boolean =>
    node.inFlight < node.limit && (!node.tokensFull || node === home || node.cachedTokens * 2 > job.promptTokens)
  const fresh = (some: readonly NodeChoice[]) => some.filter(({ name }) => !job.avoidNodes.includes(name))
  const withRoom = healthy.filter(hasRoom)
  const usable = [fresh(withRoom), withRoom].find(({ length }) => length > 0)
  if (usable === undefined) {
    const any = nodes.filter(hasRoom)
    const last = [fresh(any), any].find(({ length }) => length > 0)
    return last === undefined ? null : { node: cheapest(last, job, home).name, reason: 'last-resort' }
  }
  const there = well === healthy ? usable : usable.filter((node) => well.includes(node))
  const chosen = cheapest(there.length > 0 ? there : usable, job, home)
  const known = chosen === home || chosen.cachedTokens > 0
  return { node: chosen.name, reason: known ? 'affinity' : 'least-prefill' }
}

/** The nodes that hold the job's adapter; all without one. */
const forAdapter = (nodes: readonly NodeChoice[], { lora }: PlaceableJob): readonly NodeChoice[] =>
  lora === undefined ? nodes : rankByAffinity(`adapter ${lora.name}`, nodes).slice(0, lora.nodes)

/** Least cost; of equals the home, then the least loaded in proportion, then the order of the job's key: equal loads keep a prefix together. */
const cheapest = (nodes: readonly NodeChoice[], job: PlaceableJob, home: NodeChoice | undefined): NodeChoice => {
  const cheap = leastBy(nodes, (node) => node.prefillTokens + computeWeight * missingTokens(node, job, node === home))
  if (home !== undefined && cheap.includes(home)) return home
  const idle = leastBy(cheap, ({ inFlight, limit }) => inFlight / limit)
  return homeOf(job.affinity[0] ?? '', idle) as NodeChoice
}

/** Tokens of the job's prompt that would have to be computed at a node. */
const missingTokens = ({ cachedTokens }: NodeChoice, { promptTokens }: PlaceableJob, isHome: boolean): number => {
  const missing = Math.max(0, promptTokens - cachedTokens)
  return isHome ? Math.min(missing, promptTokens * homeMissingShare) : missing
}

/** All that have the least. */
const leastBy = <T>(all: readonly T[], of: (one: T) => number): T[] => {
  let least = Infinity
  let found: T[] = []
  for (const one of all) {
    const value = of(one)
    if (value < least) [least, found] = [value, []]
    if (value === least) found.push(one)
  }
  return found
}
