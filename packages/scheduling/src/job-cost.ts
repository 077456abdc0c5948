/** Prompt tokens that cost a node as much as one output token: prefill is done in bulk, decoding token by token. */
const promptTokensPerOutputToken = 8
/** Output tokens of one unit of virtual time: finer steps would order nothing. */
const tokensPerUnit = 16
/** One request counts as so much at most: an estimate must not banish anybody. */
const costMax = 4096

/** What a job's start costs its user in virtual time, weighted by the work it gives to a node. A whole number from 1. */
export const jobCost = (size: { promptTokensEstimate: number; outputTokensMax: number }): number => {
  const tokens = size.outputTokensMax + size.promptTokensEstimate / promptTokensPerOutputToken
  return Math.min(costMax, Math.max(1, Math.ceil(tokens / tokensPerUnit)))
}
