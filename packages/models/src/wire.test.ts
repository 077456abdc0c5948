import { expect, test } from 'vitest'
import type { ModelCall } from './call.ts'
import { toWire } from './wire.ts'

const options = { servedName: 'house-coder', profile: 'v0.24' } as const
const chat: ModelCall = { kind: 'chat', messages: [{ role: 'user', content: 'hi' }], maxTokens: 10 }

test('a chat is always streamed, with usage and token ids', () => {
  expect(toWire({ ...chat, temperature: 0, stop: ['x'] }, options)).toEqual({
    path: '/chat/completions',
    body: {
      model: 'house-coder',
      messages: [{ role: 'user', content: 'hi' }],
      max_tokens: 10,
      temperature: 0,
      stop: ['x'],
      include_stop_str_in_output: true,
      stream: true,
      stream_options: { include_usage: true },
      return_token_ids: true,
    },
    stopStringsLeft: ['x'],
  })
})

test('a completion goes to its own path', () => {
  expect(toWire({ kind: 'completion', prompt: 'p', maxTokens: 16, topP: 0.5, seed: 7 }, options)).toMatchObject({
    path: '/completions',
    body: { prompt: 'p', max_tokens: 16, top_p: 0.5, seed: 7 },
  })
})

test('a continuation asks the node to finish the last message', () => {
  expect(toWire(chat, { ...options, said: { text: 'hel', tokens: 2 } }).body).toMatchObject({
    messages: [{ role: 'user' }, { role: 'assistant', content: 'hel' }],
    continue_final_message: true,
    add_generation_prompt: false,
    max_tokens: 8,
  })
})

test.each([
  ['v0.6', undefined, undefined],
  ['v0.10', undefined, 'salt'],
  ['v0.11', true, 'salt'],
  ['v0.32', true, 'salt'],
] as const)('%s gets only the extensions it knows', (profile, returnTokenIds, cacheSalt) => {
  const { body } = toWire(chat, { ...options, profile, cacheSalt: 'salt', priority: 3 })
  expect(body.return_token_ids).toBe(returnTokenIds)
  expect(body.cache_salt).toBe(cacheSalt)
  expect(body.priority).toBe(3)
})

test.each([
  ['gpt-5-mini', 'max_completion_tokens'],
  ['openai/gpt-5', 'max_completion_tokens'],
  ['gpt-4o', 'max_tokens'],
  ['my-gpt-5', 'max_tokens'],
] as const)('%s is limited by %s', (servedName, field) => {
  const { body } = toWire(chat, { ...options, servedName })
  expect(Object.keys(body).filter((key) => key.startsWith('max_'))).toEqual([field])
})

test('tools, their calls and their results take the OpenAI shape', () => {
  const { body } = toWire(
    {
      ...chat,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'image', dataUrl: 'data:image/png;base64,AA==' },
          ],
        },
        { role: 'assistant', content: null, toolCalls: [{ id: 'c1', name: 'f', arguments: '{}' }] },
        { role: 'tool', content: 'r', toolCallId: 'c1' },
      ],
      tools: [{ name: 'f', parameters: { type: 'object' } }],
      toolChoice: { name: 'f' },
      parallelToolCalls: false,
      responseFormat: { type: 'json_schema', name: 'n', schema: { type: 'object' } },
    },
    options,
  )
  expect(body).toMatchObject({
    messages: [
      {
        content: [
          { type: 'text', text: 'a' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', content: 'r', tool_call_id: 'c1' },
    ],
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
    tool_choice: { type: 'function', function: { name: 'f' } },
    parallel_tool_calls: false,
    response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } },
  })
})

test('fields that are no part of a call never reach the node', () => {
  const smuggled = {
    ...chat,
    chat_template: 'x',
    messages: [{ role: 'user', content: 'hi', evil: 1 }],
    n: 9,
  } as unknown as ModelCall
  expect(JSON.stringify(toWire(smuggled, options))).not.toMatch(/evil|chat_template|"n"/)
})

test('a newer server gets no more stop strings than it takes, unless the client chose them', () => {
  const call = { kind: 'completion', prompt: 'x', stop: ['a', 'b', 'c', 'd', 'e'] } as const
  const stopsFor = (profile: 'v0.24' | 'v0.32', stopTrimmable: boolean) =>
    toWire({ ...call, stop: [...call.stop], stopTrimmable }, { servedName: 'm', profile }).body['stop']
  expect(stopsFor('v0.24', true)).toHaveLength(5)
  expect(stopsFor('v0.32', true)).toEqual(['a', 'b', 'c', 'd'])
  expect(stopsFor('v0.32', false)).toHaveLength(5)
})

test('vLLM leaves the stop string that ends an answer, so that it holds no text back; no other server is asked to', () => {
  const asked = (profile: 'v0.6' | 'openai', stop?: string[]) => toWire({ ...chat, stop }, { ...options, profile })
  expect(asked('v0.6', ['a', 'b'])).toMatchObject({
    body: { stop: ['a', 'b'], include_stop_str_in_output: true },
    stopStringsLeft: ['a', 'b'],
  })
  expect(asked('openai', ['a']).stopStringsLeft).toEqual([])
  for (const { body } of [asked('openai', ['a']), asked('v0.6'), asked('v0.6', [])])
    expect(body).not.toHaveProperty('include_stop_str_in_output')
})
