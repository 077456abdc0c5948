import { isEjected } from './node-health.ts'
import type { NodeHealth } from './node-health.ts'

export interface NodeChoice {
  name: string
  inFlight: number
  limit: number
  health: NodeHealth
}

/**
 * Chooses the node for a job: filter (room, not ejected, not one the job failed on), then least loaded in proportion to its
 * limit, then the node that the job's affinity hashes to, so that equal loads keep a prefix where it is cached. The last
 * nodes are never filtered away: with all ejected or avoided, a healthy one with room will do, then any. Null: no node has room.
 */
export const pickNode = (
  nodes: readonly NodeChoice[],
  job: { avoidNodes: readonly string[]; affinity: readonly string[] },
  now: number,
): string | null => {
  const withRoom = nodes.filter((node) => node.inFlight < node.limit)
  const healthy = withRoom.filter((node) => !isEjected(node.health, now))
  const fresh = (nodes: readonly NodeChoice[]) => nodes.filter(({ name }) => !job.avoidNodes.includes(name))
  const candidates = [fresh(healthy), healthy, fresh(withRoom)].find(({ length }) => length > 0) ?? withRoom
  const key = job.affinity[0] ?? ''
  const ordered = candidates.toSorted(
    (a, b) => a.inFlight / a.limit - b.inFlight / b.limit || affinityScore(key, b.name) - affinityScore(key, a.name),
  )
  return ordered[0]?.name ?? null
}

/** Highest random weight: the same on every worker, moves few keys when a node comes or goes. FNV-1a with a final mix. */
const affinityScore = (key: string, node: string): number => {
  let hash = 0x811c9dc5
  for (const char of `${key}\n${node}`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
