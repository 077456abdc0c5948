/** Learned speed of a node's prefill, prompt tokens per second as callers see it (cached ones count only where a node does not tell). */
export interface PrefillRate {
  readonly tokensPerSecond: number
  /** Nothing was measured yet: the rate is a guess. */
  readonly guessed: boolean
}

/** A 32B model on two A100 does 5,900 (contract vllm §4.2): a guess on the slow side, so that nothing is called late for it. */
const guess = 4000
/** The fastest pair of that table does 40,000. Beyond, the prompt was cached. */
const tokensPerSecondMax = 60_000
/** Shorter prompts measure the fixed part of a step. */
const tokensMin = 256

export const unknownPrefillRate = (): PrefillRate => ({ tokensPerSecond: guess, guessed: true })

/**
 * Takes a first token into account. Follows fast samples quickly and slow ones hardly: a slow one also waited behind others, and a
 * rate that followed it would excuse the very congestion it is to show.
 */
export const prefillMeasured = (rate: PrefillRate, sample: { tokens: number; tookMs: number }): PrefillRate => {
  if (sample.tokens < tokensMin || sample.tookMs <= 0) return rate
  const measured = Math.min(tokensPerSecondMax, (sample.tokens / sample.tookMs) * 1000)
  if (rate.guessed) return { tokensPerSecond: measured, guessed: false }
  const weight = measured > rate.tokensPerSecond ? 0.2 : 0.01
  return { tokensPerSecond: rate.tokensPerSecond + weight * (measured - rate.tokensPerSecond), guessed: false }
}

/** How long a node takes for so many prompt tokens, one after the other, ms. */
export const prefillMs = (rate: PrefillRate, tokens: number): number => (tokens / rate.tokensPerSecond) * 1000
