import type { PolicyNode } from './policy.ts'

/** What a gateway believes each node has cached, from what it sent there: the latest blocks, as many as the node holds. */
export class BlockIndex {
  /** Per node, in order of last use. */
  readonly #sent: Set<number>[]
  readonly #max: number[]

  constructor(nodes: readonly Pick<PolicyNode, 'blocks'>[]) {
    this.#sent = nodes.map(() => new Set())
    this.#max = nodes.map(({ blocks }) => blocks)
  }

  /** Blocks from the beginning of a chain that a node should have. */
  matched(node: number, chain: readonly number[]): number {
    const sent = this.#sent[node]
    let matched = 0
    while (matched < chain.length && sent?.has(chain[matched] as number) === true) matched++
    return matched
  }

  sent(node: number, chain: readonly number[]): void {
    const sent = this.#sent[node] as Set<number>
    // The end first: as in vLLM, a chain's beginning outlasts what only it makes useful.
    for (const key of chain.toReversed()) {
      sent.delete(key)
      sent.add(key)
    }
    for (const oldest of sent) {
      if (sent.size <= (this.#max[node] ?? 0)) break
      sent.delete(oldest)
    }
  }
}
