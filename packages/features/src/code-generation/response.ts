import type { SuggestionAnswer } from '../code-suggestions/response.ts'

/** The JSON answer of `/v2/code/generations`: as of `/v2/code/completions`, without token counts. */
export function generationResponse({ text, model, nowMs, enabledFeatureFlags }: SuggestionAnswer) {
  return {
    id: 'id',
    model: { ...model, tokens_consumption_metadata: null, region: null },
    experiments: [],
    object: 'text_completion',
    created: Math.floor(nowMs / 1000),
    choices: text === '' ? [] : [{ text, index: 0, finish_reason: 'length' }],
    metadata: { enabled_feature_flags: [...enabledFeatureFlags] },
  }
}
