import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readChunk } from './chunk.ts'

const choice = (fields: object, rest: object = {}) => ({ id: 'x', choices: [{ index: 0, ...fields }], ...rest })

test('text comes from chat deltas, completions and unstreamed answers alike', () => {
  expect(readChunk(choice({ delta: { role: 'assistant', content: 'a' }, finish_reason: null }))).toMatchObject({
    text: 'a',
    finishReason: null,
  })
  expect(readChunk(choice({ text: 'b', finish_reason: 'length' }))).toMatchObject({ text: 'b', finishReason: 'length' })
  expect(readChunk(choice({ message: { content: 'c' }, finish_reason: 'stop' }))).toMatchObject({
    text: 'c',
    finishReason: 'stop',
  })
  expect(readChunk(choice({ delta: { content: null } }))).toMatchObject({ kind: 'content', text: '' })
})

test('reasoning is read under both names', () => {
  expect(readChunk(choice({ delta: { reasoning: 'r' } }))).toMatchObject({ reasoning: 'r', text: '' })
  expect(readChunk(choice({ delta: { reasoning_content: 'r' } }))).toMatchObject({ reasoning: 'r' })
})

test('tokens are counted from token ids and unknown without them', () => {
  expect(readChunk(choice({ delta: { content: 'a' }, token_ids: [1, 2, 3] }))).toMatchObject({ tokens: 3 })
  expect(readChunk(choice({ delta: { content: 'a' }, token_ids: null }))).toMatchObject({ tokens: null })
})

test('tool calls come in pieces, and absent, null and empty are the same', () => {
  const first = choice({
    delta: { tool_calls: [{ index: 1, id: 'i', type: 'function', function: { name: 'f', arguments: '' } }] },
  })
  expect(readChunk(first)).toMatchObject({ toolCalls: [{ index: 1, id: 'i', name: 'f', arguments: '' }] })
  for (const none of [undefined, null, []])
    expect(readChunk(choice({ delta: { tool_calls: none } }))).toMatchObject({ toolCalls: [] })
})

test.each([
  ['stop', 'stop'],
  ['repetition', 'stop'],
  ['length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['abort', 'aborted'],
  ['error', 'aborted'],
  ['constructor', 'aborted'],
])('finish reason %s reads as %s', (word, finishReason) => {
  expect(readChunk(choice({ delta: {}, finish_reason: word }))).toMatchObject({ finishReason })
})

test('a chunk without choices still brings its usage', () => {
  expect(readChunk({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 2 } })).toMatchObject({
    kind: 'content',
    text: '',
    usage: { promptTokens: 5, completionTokens: 2 },
    usageClamped: false,
  })
  expect(readChunk({ usage: null })).toMatchObject({ kind: 'content', usage: null })
})

test('other choices than the first are not ours', () => {
  expect(readChunk({ choices: [{ index: 1, delta: { content: 'no' } }] })).toMatchObject({ text: '' })
})

test('an error event is an error, nested, flat or as a string', () => {
  expect(readChunk({ error: { message: 'boom', type: 'T', code: 500 } })).toMatchObject({
    kind: 'error',
    error: { message: 'boom', type: 'T', code: 500 },
  })
  expect(readChunk({ error: 'boom' })).toMatchObject({ kind: 'error', error: { message: 'boom' } })
  expect(readChunk({ object: 'error', message: 'boom', code: 400 })).toMatchObject({
    kind: 'error',
    error: { message: 'boom' },
  })
})

test.each([
  [null],
  [[]],
  ['x'],
  [{ choices: 'x' }],
  [{ choices: [null] }],
  [choice({ delta: 'x' })],
  [choice({ delta: { content: 5 } })],
  [choice({ delta: { tool_calls: 'x' } })],
  [choice({ delta: { tool_calls: [{ index: -1 }] } })],
  [choice({ delta: { tool_calls: [{ index: 1e9 }] } })],
  [choice({ delta: {}, finish_reason: 1 })],
])('a wrong shape is invalid: %j', (json) => {
  expect(readChunk(json)).toMatchObject({ kind: 'invalid' })
})

test.each([
  [
    { prompt_tokens: -1, completion_tokens: 1e18 },
    { promptTokens: 0, completionTokens: 100_000_000 },
  ],
  [
    { prompt_tokens: 'x', completion_tokens: 2.5 },
    { promptTokens: 0, completionTokens: 2 },
  ],
])('an absurd usage is clamped and flagged: %j', (usage, expected) => {
  expect(readChunk({ usage })).toMatchObject({ usage: expected, usageClamped: true })
})

test('no JSON makes the reader throw, and its counts are never negative', () => {
  const key = fc.constantFrom(
    'choices',
    'delta',
    'text',
    'usage',
    'error',
    'tool_calls',
    'function',
    'index',
    'prompt_tokens',
    'content',
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.jsonValue(),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
    ),
  }))
  fc.assert(
    fc.property(tree, (json) => {
      const parts = readChunk(json)
      if (parts.kind === 'content' && parts.usage !== null) {
        expect(Number.isSafeInteger(parts.usage.promptTokens) && parts.usage.promptTokens >= 0).toBe(true)
      }
    }),
  )
})
