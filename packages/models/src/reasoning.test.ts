import { expect, test } from 'vitest'
import { reasoningOf } from './reasoning.ts'
import { toWire } from './wire.ts'

test.each([
  ['openai/gpt-oss-120b', 'effort'],
  ['gpt-5-mini', 'effort'],
  ['o3-mini', 'effort'],
  ['Qwen/Qwen3-32B', 'switch'],
  ['Qwen/Qwen3-Coder-30B-A3B-Instruct', 'none'],
  ['Qwen/Qwen3-235B-A22B-Thinking-2507', 'always'],
  ['deepseek-ai/DeepSeek-R1-Distill-Llama-70B', 'always'],
  ['mistralai/Magistral-Small-2506', 'always'],
  ['mistralai/Mistral-Small-24B-Instruct-2506', 'none'],
  ['house-coder-32b', 'none'],
  ['gpt-4o', 'none'],
] as const)('%s thinks: %s', (name, style) => {
  expect(reasoningOf(name)).toBe(style)
})

const brief = { kind: 'completion', prompt: 'x', maxTokens: 64, brief: true } as const
const bodyFor = (servedName: string, profile: 'v0.24' | 'openai' = 'v0.24') =>
  toWire(brief, { servedName, profile }).body

test('a short answer of a thinking model has room besides its thoughts, or no thoughts', () => {
  expect(bodyFor('gpt-oss-20b')).toMatchObject({ max_tokens: 1088, reasoning_effort: 'low' })
  expect(bodyFor('gpt-5', 'openai')).toMatchObject({ max_completion_tokens: 1088, reasoning_effort: 'low' })
  expect(bodyFor('Qwen3-8B')).toMatchObject({ max_tokens: 64, chat_template_kwargs: { enable_thinking: false } })
  expect(bodyFor('deepseek-r1')).toMatchObject({ max_tokens: 2112 })
})

test('what the configuration says counts more than the name', () => {
  const body = toWire(brief, { servedName: 'house', profile: 'v0.24', reasoning: 'switch' }).body
  expect(body).toMatchObject({ max_tokens: 64, chat_template_kwargs: { enable_thinking: false } })
  expect(toWire(brief, { servedName: 'gpt-oss', profile: 'v0.24', reasoning: 'none' }).body).toMatchObject({
    max_tokens: 64,
  })
})

test('no other model, and no other call, is told anything about thoughts', () => {
  const plain = [
    bodyFor('house-coder'),
    toWire({ ...brief, brief: false }, { servedName: 'gpt-oss', profile: 'v0.24' }).body,
  ]
  for (const body of plain) {
    expect(body).toMatchObject({ max_tokens: 64 })
    expect(body).not.toHaveProperty('reasoning_effort')
    expect(body).not.toHaveProperty('chat_template_kwargs')
  }
  expect(bodyFor('Qwen3-8B', 'openai')).not.toHaveProperty('chat_template_kwargs')
})

test.each([
  ['gpt-5', 0.2, undefined],
  ['gpt-5', 1, 1],
  ['anthropic.claude-opus-4-7', 0, undefined],
  ['anthropic.claude-sonnet-4-5', 0, 0],
  ['gpt-oss-120b', 0, 0],
])('%s is asked with temperature %s: %s', (servedName, temperature, sent) => {
  expect(toWire({ ...brief, temperature }, { servedName, profile: 'openai' }).body.temperature).toBe(sent)
})
