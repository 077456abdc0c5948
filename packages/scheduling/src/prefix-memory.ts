interface Held {
  /** Tokens of the latest prompt by key, in order of last use. */
  readonly prompts: Map<string, number>
  tokens: number
}

/** A KV cache whose size nobody told: an 8B model's on one large GPU (contract vllm §4.2). */
const kvTokensGuess = 400_000
/** A key counts as at least so many tokens, so that short prompts cannot fill the memory. */
const keyTokensMin = 256

/**
 * What a worker believes the nodes' prefix caches to hold, from what it sent there: for each node the prompts of the latest keys, as many
 * as fit the node's KV cache. A guess on the low side: what other workers sent is not in it, and parts that keys share count for each.
 */
export class PrefixMemory {
  readonly #nodes = new Map<string, Held>()

  /** A prompt went to a node. `kvTokens`: size of its KV cache; null: unknown. */
  sent(node: string, { key, tokens, kvTokens }: { key: string; tokens: number; kvTokens: number | null }): void {
    const held = this.#nodes.get(node) ?? { prompts: new Map<string, number>(), tokens: 0 }
    this.#nodes.set(node, held)
    drop(held, key)
    held.prompts.set(key, tokens)
    held.tokens += Math.max(keyTokensMin, tokens)
    for (const oldest of held.prompts.keys()) {
      if (held.tokens <= (kvTokens ?? kvTokensGuess) || oldest === key) break
      drop(held, oldest)
    }
  }

  /** Tokens of a key's latest prompt at a node; 0: nothing is known. */
  cachedTokens(node: string, key: string): number {
    return this.#nodes.get(node)?.prompts.get(key) ?? 0
  }

  /** The node's cache is cold, or the node is gone. */
  forget(node: string): void {
    this.#nodes.delete(node)
  }
}

const drop = (held: Held, key: string): void => {
  const tokens = held.prompts.get(key)
  if (tokens === undefined) return
  held.prompts.delete(key)
  held.tokens -= Math.max(keyTokensMin, tokens)
}
