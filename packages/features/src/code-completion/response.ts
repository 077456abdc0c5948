import type { Family, Usage } from '@penstock/models'

export interface CompletionAnswer {
  /** The suggestion after post-processing; '' for none. */
  readonly text: string
  /** As the node counted; null when it did not tell. */
  readonly usage: Usage | null
  /** Stands in for the prompt tokens when the node did not tell. */
  readonly promptTokensEstimate: number
  readonly family: Family
  /** The provider the client named, `litellm` for self-hosted models. */
  readonly engine: string | null
  readonly lang: string
  readonly nowMs: number
  /** GitLab's flags as the request's header lists them. */
  readonly enabledFeatureFlags: readonly string[]
}

/** The JSON answer of `/v2/code/completions`. Members without a value are present as null, as GitLab's gateway has them. */
export function completionResponse(answer: CompletionAnswer) {
  const empty = answer.text === ''
  return {
    id: 'id',
    model: {
      engine: answer.engine ?? 'litellm',
      name: answer.family,
      lang: answer.lang,
      tokens_consumption_metadata: empty
        ? null
        : {
            input_tokens: answer.usage?.promptTokens ?? answer.promptTokensEstimate,
            output_tokens: answer.usage?.completionTokens ?? 0,
            max_output_tokens_used: false,
            context_tokens_sent: 0,
            context_tokens_used: 0,
          },
      region: null,
    },
    experiments: [],
    object: 'text_completion',
    created: Math.floor(answer.nowMs / 1000),
    choices: empty ? [] : [{ text: answer.text, index: 0, finish_reason: 'length' }],
    metadata: { enabled_feature_flags: [...answer.enabledFeatureFlags] },
  }
}
