import { estimateTokens } from '@penstock/models'
import type { Feature } from '../feature.ts'
import { outputTokens } from '../openai/output-tokens.ts'
import { OpenAiCompletionInput } from './request.ts'

/** What OpenAI and vLLM take when a completion names no limit. */
const defaultMaxTokens = 16

/** Lengths of prompt beginnings that requests may share, characters. */
const affinityChars = [4096, 1024]

/** OpenAI's text completion endpoint: the prompt goes to the model as it is, sampled as the node does by default. */
export const openAiCompletion: Feature<OpenAiCompletionInput> = {
  name: 'openai-completion',
  input: OpenAiCompletionInput,
  defaults: { lane: 'interactive', firstByteMs: 55_000, totalMs: 600_000, wholeMs: 600_000 },

  render(input, model) {
    return {
      kind: 'completion',
      ...input,
      maxTokens: outputTokens(input.maxTokens ?? defaultMaxTokens, estimateTokens(input.prompt), model),
    }
  },

  size(input) {
    return { promptTokensEstimate: estimateTokens(input.prompt), outputTokensMax: input.maxTokens ?? defaultMaxTokens }
  },

  affinity(input) {
    return [...new Set(affinityChars.map((chars) => `openai-completion\n${input.prompt.slice(0, chars)}`))]
  },
}
