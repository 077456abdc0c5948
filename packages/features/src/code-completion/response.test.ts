import { expect, test } from 'vitest'
import { completionResponse } from './response.ts'

const answer = {
  text: 'sum(values)',
  usage: { promptTokens: 120, completionTokens: 3 },
  promptTokensEstimate: 99,
  family: 'codestral',
  engine: 'litellm',
  lang: 'python',
  nowMs: 1_763_640_000_999,
  enabledFeatureFlags: [''],
} as const

test('an answer has all members GitLab and the editor read', () => {
  expect(completionResponse(answer)).toEqual({
    id: 'id',
    model: {
      engine: 'litellm',
      name: 'codestral',
      lang: 'python',
      tokens_consumption_metadata: {
        input_tokens: 120,
        output_tokens: 3,
        max_output_tokens_used: false,
        context_tokens_sent: 0,
        context_tokens_used: 0,
      },
      region: null,
    },
    experiments: [],
    object: 'text_completion',
    created: 1_763_640_000,
    choices: [{ text: 'sum(values)', index: 0, finish_reason: 'length' }],
    metadata: { enabled_feature_flags: [''] },
  })
})

test('no suggestion is an empty list and no token counts', () => {
  expect(completionResponse({ ...answer, text: '' })).toMatchObject({
    choices: [],
    model: { tokens_consumption_metadata: null },
  })
})

test('without a usage the prompt is estimated', () => {
  expect(completionResponse({ ...answer, usage: null })).toMatchObject({
    model: { tokens_consumption_metadata: { input_tokens: 99, output_tokens: 0 } },
  })
})
