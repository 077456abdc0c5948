import type { Entry } from './entry.ts'

/** Constants of the step-time model for one model on one GPU set. */
export interface StepTimeParameters {
  /** Reading all weights once, ms. */
  readonly weightsMs: number
  /** Linear layers, µs per token. */
  readonly linearUsPerToken: number
  /** Reading the KV cache, ns per token of context of a decoding sequence. */
  readonly contextNsPerToken: number
  /** Attention of prefill, ns per squared token. */
  readonly attentionNsPerSquaredToken: number
  /** Launch, sampling and scheduler, ms per step. */
  readonly overheadMs: number
  /** All-reduce between the GPUs, µs per token. */
  readonly allReduceUsPerToken: number
  /** Experts are read as tokens choose them: few tokens read few of them. */
  readonly mixtureOfExperts: boolean
}

/** ms per sequence in the batch. */
const overheadMsPerSequence = 0.0044

/** What one step has to compute. */
export interface StepWork {
  sequences: number
  tokens: number
  prefillTokens: number
  /** Contexts of the decoding sequences together. */
  contextTokens: number
  /** Over the prefill chunks: tokens × (2 × start + tokens). */
  prefillSquaredTokens: number
}

/** How long the work takes, ms, without jitter. Weights and compute overlap in part, hence the root of squares. */
export const stepMs = (model: StepTimeParameters, work: StepWork): number => {
  const { tokens } = work
  const touched = model.mixtureOfExperts ? 0.035 + 0.965 * (1 - 0.75 ** tokens) : 1
  return (
    model.overheadMs +
    overheadMsPerSequence * work.sequences +
    Math.sqrt((model.weightsMs * touched) ** 2 + ((model.linearUsPerToken * tokens) / 1e3) ** 2) +
    (model.contextNsPerToken * work.contextTokens + model.attentionNsPerSquaredToken * work.prefillSquaredTokens) /
      1e6 +
    (model.allReduceUsPerToken * tokens) / 1e3
  )
}

/** Adds up the work of a batch into `work`. A sequence with one token reads its context like a decoding one, also at a prompt's end. */
export const measureWork = (batch: readonly Entry[], work: StepWork): void => {
  work.sequences = batch.length
  work.tokens = work.prefillTokens = work.contextTokens = work.prefillSquaredTokens = 0
  for (const { scheduled, computed } of batch) {
    work.tokens += scheduled
    if (scheduled === 1) work.contextTokens += computed + 1
    else {
      work.prefillTokens += scheduled
      work.prefillSquaredTokens += scheduled * (2 * computed + scheduled)
    }
  }
}
