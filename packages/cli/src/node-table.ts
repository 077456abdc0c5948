import type { NodeState, WorkerBeat } from '@penstock/contracts'

/** A node of a pool as all workers together see it. */
export interface NodeRow {
  readonly pool: string
  readonly node: string
  /** Workers by what they hold it for: each judges for itself. */
  readonly states: Readonly<Partial<Record<NodeState['state'], number>>>
  readonly inFlight: number
  /** Requests that it may have at once, over all workers. */
  readonly limit: number
  /** Prompt tokens that have no first token yet. */
  readonly prefillTokens: number
  /** Since any worker saw it answer well, ms; null: none has. */
  readonly lastOkAgoMs: number | null
}

/** The nodes that workers name in their latest beats, in order of pool and name. */
export const nodeRows = (beats: readonly WorkerBeat[]): NodeRow[] => {
  const named = beats.flatMap(({ pools }) => pools.flatMap(({ pool, nodes }) => nodes.map((node) => ({ pool, node }))))
  return [...Map.groupBy(named, ({ pool, node }) => `${pool} ${node.node}`).values()]
    .map((seen) => {
      const [first] = seen
      const sum = (of: (node: NodeState) => number): number => seen.reduce((total, { node }) => total + of(node), 0)
      const oks = seen.flatMap(({ node }) => node.lastOkAgoMs ?? [])
      return {
        pool: first!.pool,
        node: first!.node.node,
        states: countsOf(seen.map(({ node }) => node.state)),
        inFlight: sum(({ inFlight }) => inFlight),
        limit: sum(({ limit }) => limit),
        prefillTokens: sum(({ prefillTokens }) => prefillTokens),
        lastOkAgoMs: oks.length === 0 ? null : Math.min(...oks),
      }
    })
    .toSorted((a, b) => a.pool.localeCompare(b.pool) || a.node.localeCompare(b.node))
}

/** One line per node under a head. */
export const renderNodes = (rows: readonly NodeRow[]): string => {
  const cells = [
    ['POOL', 'NODE', 'STATE', 'IN FLIGHT', 'PREFILL', 'LAST OK'],
    ...rows.map(({ pool, node, states, inFlight, limit, prefillTokens, lastOkAgoMs }) => [
      pool,
      node,
      stateText(states),
      `${inFlight}/${limit}`,
      String(prefillTokens),
      lastOkAgoMs === null ? '-' : `${(lastOkAgoMs / 1000).toFixed(1)} s`,
    ]),
  ]
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `up`, or `ejected 1, up 2` where the workers do not agree. */
const stateText = (states: NodeRow['states']): string => {
  const all = Object.entries(states).toSorted(([a], [b]) => a.localeCompare(b))
  return all.length === 1 ? all[0]![0] : all.map(([state, workers]) => `${state} ${workers}`).join(', ')
}

const countsOf = (states: readonly NodeState['state'][]): NodeRow['states'] => {
  const counts: Partial<Record<NodeState['state'], number>> = {}
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
