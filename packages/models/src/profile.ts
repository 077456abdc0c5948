/** Generations of vLLM that differ on the wire, oldest first. `v0.24` is what a node is taken for when nothing is known. */
export const nodeProfiles = ['v0.6', 'v0.10', 'v0.11', 'v0.19', 'v0.24', 'v0.32'] as const
export type NodeProfile = (typeof nodeProfiles)[number]
/** How a server is spoken to: as a generation of vLLM, or as one that promises no more than OpenAI's own API. */
export type WireProfile = NodeProfile | 'openai'

export interface Capabilities {
  /** Chunks can tell their token ids (since 0.10.2), so output tokens are counted exactly while they stream. */
  readonly returnTokenIds: boolean
  /** The prefix cache can be separated by a salt (since 0.9). */
  readonly cacheSalt: boolean
  /** Most stop strings that a call may carry: newer servers refuse more (`VLLM_MAX_STOP_STRINGS`, 4 by default). */
  readonly stopStringsMax: number
  /**
   * Stop strings can be left in the answer. A server that takes them off holds back as many characters as the longest of them has,
   * always, while it already counts their tokens; one that leaves them in sends every token at once.
   */
  readonly leavesStopStrings: boolean
}

/** What a server of this profile understands beyond plain OpenAI. */
export function capabilities(profile: WireProfile): Capabilities {
  if (profile === 'openai') return plain
  const generation = nodeProfiles.indexOf(profile)
  return {
    returnTokenIds: generation >= nodeProfiles.indexOf('v0.11'),
    cacheSalt: generation >= nodeProfiles.indexOf('v0.10'),
    stopStringsMax: generation >= nodeProfiles.indexOf('v0.32') ? 4 : Infinity,
    leavesStopStrings: true,
  }
}

/** OpenAI's API takes at most four stop strings and refuses fields it does not know. */
const plain: Capabilities = { returnTokenIds: false, cacheSalt: false, stopStringsMax: 4, leavesStopStrings: false }
