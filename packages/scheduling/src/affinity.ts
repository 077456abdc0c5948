interface Named {
  readonly name: string
}

/** Nodes in the order in which a key prefers them: the same everywhere, and a node that comes or goes moves only its own keys. */
export const rankByAffinity = <T extends Named>(key: string, nodes: readonly T[]): T[] => {
  const state = fnv(fnvStart, `${key}\n`)
  return nodes
    .map((node) => ({ node, score: scoreOf(state, node) }))
    .toSorted((a, b) => b.score - a.score || (a.node.name < b.node.name ? -1 : 1))
    .map(({ node }) => node)
}

/** The first of that order, without ordering the rest. */
export const homeOf = <T extends Named>(key: string, nodes: readonly T[]): T | undefined => {
  const state = fnv(fnvStart, `${key}\n`)
  let home: T | undefined
  let most = -1
  for (const node of nodes) {
    const score = scoreOf(state, node)
    if (home !== undefined && (score < most || (score === most && node.name > home.name))) continue
    home = node
    most = score
  }
  return home
}

const fnvStart = 0x811c9dc5

/** FNV-1a, going on from a state. */
const fnv = (state: number, text: string): number => {
  let hash = state
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}

/** Highest random weight: the key's hash goes on through the node's name, then the bits are mixed. */
const scoreOf = (keyState: number, node: Named): number => {
  let hash = fnv(keyState, node.name)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
