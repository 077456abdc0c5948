import { versionProfiles } from '../profiles/version-profile.ts'
import type { ProfileName } from '../profiles/version-profile.ts'
import { badRequest } from './refusal.ts'
import type { Refusal } from './refusal.ts'

export interface Sizes {
  readonly modelLengthMax: number
  readonly promptTokens: number
  /** Tokens asked for as an answer. */
  readonly outputTokens: number
}

/** The refusal of a request that does not fit the context, in the wording group of a release; undefined when it fits. */
export const contextOverflow = (sizes: Sizes, name: ProfileName): Refusal | undefined => {
  const { modelLengthMax, promptTokens, outputTokens } = sizes
  const total = promptTokens + outputTokens
  if (promptTokens < modelLengthMax && total <= modelLengthMax) return undefined
  switch (versionProfiles[name].overflowText) {
    case 'A':
      return badRequest(
        `This model's maximum context length is ${modelLengthMax} tokens. However, ${total} tokens were requested ` +
          `(${promptTokens} for the prompt, ${outputTokens} for the completion).`,
      )
    case 'B':
      return promptTokens < modelLengthMax
        ? badRequest(
            `max_tokens is too large: ${outputTokens}. The model's maximum context length is ${modelLengthMax} tokens ` +
              `and the request has ${promptTokens} input tokens.`,
            'max_tokens',
          )
        : badRequest(
            `The model's maximum context length is ${modelLengthMax} tokens, but the request has ${promptTokens} input tokens.`,
            'input_tokens',
          )
    case 'C':
      return badRequest(
        `The maximum context length is ${modelLengthMax} tokens, but ${outputTokens} output tokens were requested for a prompt of at least ` +
          `${promptTokens} input tokens: ${total} in total.`,
        'input_tokens',
      )
  }
}
