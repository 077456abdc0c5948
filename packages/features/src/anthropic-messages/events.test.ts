import { expect, test } from 'vitest'
import { MessageEvents } from './events.ts'
import { anthropicMessage } from './response.ts'

const envelope = { id: 'msg_0123456789abcdef', createdAt: 0, model: 'claude-x' }
const usage = { promptTokens: 7, completionTokens: 3 }
const eventsOf = (thinking = false) => new MessageEvents(envelope, { thinking, promptTokensEstimate: 11 })

test('blocks follow one another, each closed before the next', () => {
  const events = eventsOf(true)
  const all = [
    ...events.start(),
    ...events.reasoning('hm'),
    ...events.text('Read'),
    ...events.text('ing'),
    ...events.toolCalls([{ index: 0, id: 't1', name: 'f', arguments: '{"a":' }]),
    ...events.toolCalls([
      { index: 0, arguments: '1}' },
      { index: 1, id: 't2', name: 'g' },
    ]),
    ...events.end('tool_calls', null, usage),
  ]
  expect(all[0]).toMatchObject({
    type: 'message_start',
    message: { id: envelope.id, type: 'message', role: 'assistant', content: [], usage: { input_tokens: 11 } },
  })
  expect(all.slice(1)).toEqual([
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Read' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'ing' } },
    { type: 'content_block_stop', index: 1 },
    { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', id: 't1', name: 'f', input: {} } },
    { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"a":' } },
    { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '1}' } },
    { type: 'content_block_stop', index: 2 },
    { type: 'content_block_start', index: 3, content_block: { type: 'tool_use', id: 't2', name: 'g', input: {} } },
    { type: 'content_block_stop', index: 3 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { input_tokens: 7, output_tokens: 3, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
    },
    { type: 'message_stop' },
  ])
})

test('thoughts are left out unless they were asked for, and a call without id gets one', () => {
  const events = eventsOf()
  events.start()
  expect(events.reasoning('hm')).toEqual([])
  expect(events.toolCalls([{ index: 0, name: 'f' }])[0]).toMatchObject({
    content_block: { id: expect.stringMatching(/^toolu_./) },
  })
})

test('a call that goes on after another began is an error, never a wrong call', () => {
  const events = eventsOf()
  events.toolCalls([{ index: 0, id: 'a', name: 'f' }])
  events.toolCalls([{ index: 1, id: 'b', name: 'g' }])
  expect(() => events.toolCalls([{ index: 0, arguments: '{}' }])).toThrow('after it was closed')
})

const whole = { text: '', reasoning: '', toolCalls: [], finishReason: 'stop', stopSequence: null, usage } as const

test.each([
  ['stop', null, 'end_turn'],
  ['stop', 'END', 'stop_sequence'],
  ['length', null, 'max_tokens'],
  ['tool_calls', null, 'tool_use'],
  ['content_filter', null, 'refusal'],
] as const)('%s with %s ends as %s', (finishReason, stopSequence, expected) => {
  expect(anthropicMessage(envelope, { ...whole, finishReason, stopSequence })).toMatchObject({
    stop_reason: expected,
    stop_sequence: stopSequence,
  })
})

test('a whole answer holds its blocks; a tool has an object for its input or the answer is none', () => {
  const call = (args: string) => [{ id: 't', name: 'f', arguments: args }]
  expect(anthropicMessage(envelope, { ...whole, text: 'Hi', reasoning: 'hm', toolCalls: call('{"a":1}') })).toEqual({
    id: envelope.id,
    type: 'message',
    role: 'assistant',
    model: 'claude-x',
    content: [
      { type: 'thinking', thinking: 'hm', signature: '' },
      { type: 'text', text: 'Hi' },
      { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
    ],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 7, output_tokens: 3, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
  })
  const inputOf = (args: string, finishReason: 'length' | 'tool_calls') =>
    anthropicMessage(envelope, { ...whole, finishReason, toolCalls: call(args) }).content[0]
  expect(inputOf('', 'tool_calls')).toMatchObject({ input: {} })
  expect(inputOf('{"a":', 'length')).toMatchObject({ input: {} })
  expect(() => inputOf('{"a":', 'tool_calls')).toThrow(SyntaxError)
})
