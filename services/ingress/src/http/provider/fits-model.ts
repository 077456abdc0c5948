import { findModelByName } from '@penstock/config'
import type { ConfigSnapshot } from '@penstock/config'
import { RequestFailure } from '@penstock/contracts'
import type { ModelReference } from '@penstock/contracts'

/**
 * Estimates count three bytes to a token; no tokenizer packs ordinary text denser than this many times that. A prompt beyond is too
 * long for certain, any other may be tried.
 */
const estimateMarginMax = 3

export interface Asked {
  /** Of the longest prompt, tokens. */
  readonly tokensEstimate: number
  /** The field that holds it. */
  readonly param: string
  /** Vectors are asked for, not text. */
  readonly embeds: boolean
}

/** Refuses what its model cannot do for certain, before it waits in a queue. Throws RequestFailure. */
export const checkFits = (model: ModelReference, asked: Asked, snapshot: ConfigSnapshot | null): void => {
  const configured = model.kind === 'name' && snapshot !== null ? findModelByName(snapshot.document, model.name) : null
  if (configured === null) return
  if ((configured.family === 'embedding') !== asked.embeds)
    throw new RequestFailure('invalid_request', {
      message: asked.embeds ? 'The model makes no embeddings.' : 'The model makes embeddings, no text.',
      param: 'model',
    })
  if (asked.tokensEstimate > configured.contextTokens * estimateMarginMax)
    throw new RequestFailure('invalid_request', {
      message: `The prompt is longer than the model's context of ${configured.contextTokens} tokens.`,
      param: asked.param,
    })
}
