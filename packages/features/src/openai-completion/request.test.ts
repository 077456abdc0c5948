import { toWire } from '@penstock/models'
import { expect, test } from 'vitest'
import { openAiCompletion } from './feature.ts'
import { parseOpenAiCompletion } from './request.ts'
import { textCompletion, textFinishChunk, textPartChunk, textUsageChunk } from './response.ts'

const base = { model: 'house', prompt: 'once' }
const model = { family: 'mistral', contextTokens: 32_000, servedName: 'served' } as const

test('a request becomes a completion call with an explicit limit', () => {
  const parsed = parseOpenAiCompletion({ ...base, prompt: ['once'], user: 'u', echo: false, best_of: 1, suffix: null })
  expect(parsed).toEqual({ ok: true, input: { prompt: 'once' }, stream: false, includeUsage: false, model: 'house' })
  const call = parsed.ok && openAiCompletion.render(parsed.input, model)
  expect(call && toWire(call, { servedName: 'served', profile: 'v0.10' })).toEqual({
    path: '/completions',
    body: { model: 'served', prompt: 'once', max_tokens: 16, stream: true, stream_options: { include_usage: true } },
    stopStringsLeft: [],
  })
})

test.each([
  ['prompt', { prompt: undefined }, 'prompt'],
  ['prompt', { prompt: '' }, 'empty'],
  ['prompt', { prompt: [] }, 'exactly one'],
  ['prompt', { prompt: ['a', 'b'] }, 'exactly one'],
  ['prompt', { prompt: [1, 2, 3] }, 'token ids'],
  ['prompt', { prompt: [[1, 2]] }, 'token ids'],
  ['suffix', { suffix: 'x' }, 'suffix'],
  ['echo', { echo: true }, 'echo'],
  ['best_of', { best_of: 2 }, 'best_of'],
  ['logprobs', { logprobs: 0 }, 'logprobs'],
  ['n', { n: 16_384 }, 'one answer'],
  ['tools', { tools: [] }, 'Unrecognized'],
  ['messages', { messages: [] }, 'Unrecognized'],
  ['max_tokens', { max_tokens: -1 }, 'max_tokens'],
  ['prompt_embeds', { prompt_embeds: 'x' }, 'Unrecognized'],
])('%s is refused by name: %j', (param, fields, words) => {
  expect(parseOpenAiCompletion({ ...base, ...fields })).toMatchObject({
    ok: false,
    param,
    message: expect.stringContaining(words),
  })
})

test('prompts with one beginning share an affinity', () => {
  const head = 'x'.repeat(2_048)
  const [, shared] = openAiCompletion.affinity({ prompt: `${head}a` })
  expect(openAiCompletion.affinity({ prompt: `${head}b` })[1]).toBe(shared)
  expect(openAiCompletion.affinity({ prompt: 'short' })).toHaveLength(1)
})

test('answers and chunks are text completions', () => {
  const envelope = { id: 'cmpl-1', createdAt: 1_763_640_000_000, model: 'house', includeUsage: true }
  const usage = { promptTokens: 1, completionTokens: 2 }
  expect(textCompletion(envelope, { text: 'x', finishReason: 'length', usage })).toEqual({
    id: 'cmpl-1',
    object: 'text_completion',
    created: 1_763_640_000,
    model: 'house',
    choices: [{ text: 'x', index: 0, logprobs: null, finish_reason: 'length' }],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  })
  expect(textPartChunk(envelope, 'x')).toMatchObject({ choices: [{ text: 'x', finish_reason: null }], usage: null })
  expect(textFinishChunk(envelope, 'tool_calls')).toMatchObject({ choices: [{ text: '', finish_reason: 'stop' }] })
  expect(textUsageChunk(envelope, usage)).toMatchObject({ choices: [], usage: { total_tokens: 3 } })
})
