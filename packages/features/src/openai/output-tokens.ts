import type { ModelTarget } from '../feature.ts'
import { traitsOf } from '@penstock/models'

/** Output of a chat that names no limit, where the family has no default either, tokens. */
export const defaultOutputTokens = 4096

/** A limit up to this size is asked of the node as it is, tokens: should it not fit, the node's refusal says so exactly. */
const alwaysAsked = 1024

/** The output limit to ask for: what the client wants, as far as prompt and output fit the model. */
export function outputTokens(asked: number | undefined, promptTokensEstimate: number, model: ModelTarget): number {
  const wanted = asked ?? traitsOf(model.family).maxTokens ?? defaultOutputTokens
  return Math.min(wanted, Math.max(model.contextTokens - promptTokensEstimate, alwaysAsked))
}
