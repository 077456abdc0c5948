import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ModelCall } from './call.ts'
import { canContinue, continuation, limitOutput } from './continuation.ts'

const chat: ModelCall = { kind: 'chat', messages: [{ role: 'user', content: 'hi' }], maxTokens: 10 }
const completion: ModelCall = { kind: 'completion', prompt: 'one ', maxTokens: 10 }
const quiet = { toolCallsBegun: false, reasoningBegun: false }

test('a chat goes on as an assistant message that the model is to finish', () => {
  expect(continuation(chat, { text: 'hel', tokens: 3 })).toEqual({
    kind: 'call',
    call: {
      ...chat,
      messages: [...chat.messages, { role: 'assistant', content: 'hel' }],
      continueFinal: true,
      maxTokens: 7,
    },
  })
})

test('a prefill grows by what was said, across any number of losses', () => {
  const prefilled: ModelCall = {
    ...chat,
    messages: [...chat.messages, { role: 'assistant', content: '{"a":' }],
    continueFinal: true,
  }
  const first = continuation(prefilled, { text: '1', tokens: 1 })
  if (first.kind !== 'call') throw new Error('expected a call')
  const second = continuation(first.call, { text: ',', tokens: 2 })
  expect(second).toMatchObject({ call: { continueFinal: true, maxTokens: 7 } })
  if (second.kind !== 'call' || second.call.kind !== 'chat') throw new Error('expected a chat')
  expect(second.call.messages).toEqual([
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: '{"a":1,' },
  ])
})

test('an assistant message that is no prefill is left alone', () => {
  const answered: ModelCall = { ...chat, messages: [...chat.messages, { role: 'assistant', content: 'done' }] }
  expect(continuation(answered, { text: 'x', tokens: 1 })).toMatchObject({
    call: { messages: [{ content: 'hi' }, { content: 'done' }, { role: 'assistant', content: 'x' }] },
  })
})

test('a completion goes on behind its prompt', () => {
  expect(continuation(completion, { text: 'two', tokens: 1 })).toEqual({
    kind: 'call',
    call: { kind: 'completion', prompt: 'one two', maxTokens: 9 },
  })
})

test('thoughts use up the limit of a call, except of a brief one, which has room for them beside it', () => {
  const said = { text: 'hel', tokens: 9, thoughtTokens: 6 }
  expect(continuation(chat, said)).toMatchObject({ call: { maxTokens: 1 } })
  expect(continuation({ ...chat, brief: true }, said)).toMatchObject({ call: { maxTokens: 7 } })
  expect(continuation({ ...chat, brief: true }, { ...said, tokens: 300, thoughtTokens: 297 })).toMatchObject({
    call: { maxTokens: 7 },
  })
})

test('said and rest never exceed the limit, and a used-up limit is a complete answer', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 600 }), (maxTokens, tokens) => {
      const next = continuation({ ...completion, maxTokens }, { text: 'x', tokens })
      if (next.kind === 'complete') expect(tokens).toBeGreaterThanOrEqual(maxTokens)
      else expect(next.call).toMatchObject({ maxTokens: maxTokens - tokens })
    }),
  )
})

test('without a limit there is nothing to reduce', () => {
  const { maxTokens: _, ...unlimited } = completion
  expect(continuation(unlimited, { text: 'x', tokens: 3 })).toEqual({
    kind: 'call',
    call: { kind: 'completion', prompt: 'one x' },
  })
})

test('an answer of which nothing was said starts again with its full limit', () => {
  expect(continuation(chat, { text: '', tokens: 4 })).toEqual({ kind: 'call', call: chat })
})

test.each([
  [chat, { ...quiet, text: 'a', toolCallsBegun: true }, 'tool_calls_begun'],
  [chat, { ...quiet, text: '', reasoningBegun: true }, 'reasoning_begun'],
  [{ ...chat, responseFormat: { type: 'json_object' } }, { ...quiet, text: 'a' }, 'guided_output'],
  [{ ...chat, toolChoice: 'required' }, { ...quiet, text: 'a' }, 'guided_output'],
  [{ ...chat, toolChoice: { name: 'f' } }, { ...quiet, text: 'a' }, 'guided_output'],
] as const)('what cannot be continued says why: %#', (call, said, reason) => {
  expect(canContinue(call as ModelCall, said)).toEqual({ ok: false, reason })
})

test('text, and guided output before its first byte, can be continued', () => {
  expect(canContinue(chat, { ...quiet, text: 'a' })).toEqual({ ok: true })
  expect(canContinue({ ...chat, responseFormat: { type: 'json_object' } }, { ...quiet, text: '' })).toEqual({
    ok: true,
  })
})

test('an output limit only ever lowers what is asked', () => {
  expect(limitOutput(chat, 5)).toMatchObject({ maxTokens: 5 })
  expect(limitOutput(chat, 50)).toMatchObject({ maxTokens: 10 })
  expect(limitOutput({ kind: 'completion', prompt: '' }, 50)).toMatchObject({ maxTokens: 50 })
})
