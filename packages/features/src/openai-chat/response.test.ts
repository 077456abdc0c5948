import { expect, test } from 'vitest'
import { chatCompletion, chatFinishChunk, chatPartChunk, chatRoleChunk, chatUsageChunk } from './response.ts'

const envelope = { id: 'chatcmpl-1', createdAt: 1_763_640_000_999, model: 'house' }
const usage = { promptTokens: 5, completionTokens: 2 }

test('a whole answer has the shape OpenAI clients read', () => {
  expect(chatCompletion(envelope, { text: 'hi', reasoning: '', toolCalls: [], finishReason: 'stop', usage })).toEqual({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_763_640_000,
    model: 'house',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'hi', refusal: null }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
  })
})

test('an answer of tool calls has no content', () => {
  const toolCalls = [{ id: 'c', name: 'f', arguments: '{}' }]
  expect(
    chatCompletion(envelope, { text: '', reasoning: 'hm', toolCalls, finishReason: 'tool_calls', usage: null }),
  ).toMatchObject({
    choices: [
      {
        message: {
          content: null,
          reasoning: 'hm',
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        finish_reason: 'tool_calls',
      },
    ],
  })
})

test('a stream says who speaks, what, why it ended and, when asked, what it took', () => {
  const asked = { ...envelope, includeUsage: true }
  const delta = (chunk: { choices: { delta: object }[] }) => chunk.choices[0]?.delta
  expect(delta(chatRoleChunk(asked))).toEqual({ role: 'assistant', content: '' })
  expect(delta(chatPartChunk(asked, { kind: 'text', text: 'hi' }))).toEqual({ content: 'hi' })
  expect(delta(chatPartChunk(asked, { kind: 'reasoning', text: 'hm' }))).toEqual({ reasoning: 'hm' })
  expect(chatFinishChunk(asked, 'length')).toMatchObject({
    object: 'chat.completion.chunk',
    choices: [{ delta: {}, finish_reason: 'length' }],
    usage: null,
  })
  expect(chatUsageChunk(asked, usage)).toMatchObject({ choices: [], usage: { total_tokens: 7 } })
  expect(chatRoleChunk(envelope)).not.toHaveProperty('usage')
})

test('the first piece of a tool call opens it, the next only add arguments', () => {
  const calls = [
    { index: 0, id: 'c', name: 'f', arguments: '' },
    { index: 0, arguments: '{"a"' },
  ]
  expect(chatPartChunk(envelope, { kind: 'tool-calls', calls }).choices[0]?.delta).toEqual({
    tool_calls: [
      { index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '' } },
      { index: 0, function: { arguments: '{"a"' } },
    ],
  })
})
