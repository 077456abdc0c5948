import { findModelByName } from '@penstock/config'
import type { ConfigSnapshot } from '@penstock/config'
import { RequestFailure } from '@penstock/contracts'
import type { ModelReference } from '@penstock/contracts'

/**
 * Estimates count three bytes to a token; no tokenizer packs ordinary text denser than this many times that. A prompt beyond is too
 * long for certain, any other may be tried.
 */
const estimateMarginMax = 3

/** Refuses a prompt that cannot fit its model, before it waits in a queue. Throws RequestFailure. */
export const checkFits = (
  model: ModelReference,
  promptTokensEstimate: number,
  snapshot: ConfigSnapshot | null,
): void => {
  const configured = model.kind === 'name' && snapshot !== null ? findModelByName(snapshot.document, model.name) : null
  if (configured === null || promptTokensEstimate <= configured.contextTokens * estimateMarginMax) return
  throw new RequestFailure('invalid_request', {
    message: `The prompt is longer than the model's context of ${configured.contextTokens} tokens.`,
    param: 'messages',
  })
}
