import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAnthropicMessages, parseTokenCount } from './request.ts'

const base = { model: 'claude-x', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] }
const parse = (over: object) => parseAnthropicMessages({ ...base, ...over })
const inputOf = (over: object) => {
  const parsed = parse(over)
  if (!parsed.ok) throw new Error(parsed.message)
  return parsed.input
}
const tool = { name: 'read_file', description: 'reads', input_schema: { type: 'object', properties: {} } }

test('a whole conversation with tools becomes a chat', () => {
  const input = inputOf({
    system: [
      { type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'Be kind.' },
    ],
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'Read both.' }] },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'text', text: 'Reading.' },
          { type: 'tool_use', id: 't1', name: 'read_file', input: { path: 'a' } },
          { type: 'tool_use', id: 't2', name: 'read_file', input: { path: 'b' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'A' }] },
          { type: 'tool_result', tool_use_id: 't2', content: 'no such file', is_error: true },
          { type: 'text', text: 'And now?' },
        ],
      },
    ],
    tools: [tool],
    tool_choice: { type: 'any', disable_parallel_tool_use: true },
    stop_sequences: ['END'],
    temperature: 0,
    top_p: 0.9,
    metadata: { user_id: 'u' },
  })
  expect(input).toEqual({
    messages: [
      { role: 'system', content: 'Be brief.\nBe kind.' },
      { role: 'user', content: 'Read both.' },
      {
        role: 'assistant',
        content: 'Reading.',
        toolCalls: [
          { id: 't1', name: 'read_file', arguments: '{"path":"a"}' },
          { id: 't2', name: 'read_file', arguments: '{"path":"b"}' },
        ],
      },
      { role: 'tool', toolCallId: 't1', content: 'A' },
      { role: 'tool', toolCallId: 't2', content: 'Error: no such file' },
      { role: 'user', content: 'And now?' },
    ],
    maxTokens: 100,
    temperature: 0,
    topP: 0.9,
    stop: ['END'],
    tools: [{ name: 'read_file', description: 'reads', parameters: { type: 'object', properties: {} } }],
    toolChoice: 'required',
    parallelToolCalls: false,
  })
})

test('an assistant message at the end is the beginning of the answer', () => {
  expect(inputOf({ messages: [...base.messages, { role: 'assistant', content: 'Well,' }] })).toMatchObject({
    continueFinal: true,
    messages: [{ role: 'user' }, { role: 'assistant', content: 'Well,' }],
  })
})

test('images inside the request travel as data', () => {
  const source = { type: 'base64', media_type: 'image/png', data: 'QUJD' }
  const content = [
    { type: 'text', text: 'See:' },
    { type: 'image', source },
  ]
  expect(inputOf({ messages: [{ role: 'user', content }] }).messages).toEqual([
    {
      role: 'user',
      content: [
        { type: 'text', text: 'See:' },
        { type: 'image', dataUrl: 'data:image/png;base64,QUJD' },
      ],
    },
  ])
})

test('a schema for the answer and the wish to see thoughts are understood', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } } }
  expect(inputOf({ output_config: { format: { type: 'json_schema', schema } } })).toMatchObject({
    responseFormat: { type: 'json_schema', name: 'answer', schema },
  })
  expect(parse({ thinking: { type: 'enabled', budget_tokens: 1024 } })).toMatchObject({ ok: true, thinking: true })
  expect(parse({})).toMatchObject({ ok: true, thinking: false })
})

const user = (...content: object[]) => ({ messages: [{ role: 'user', content }] })
test.each([
  ['max_tokens', { max_tokens: undefined }],
  ['max_tokens', { max_tokens: 0 }],
  ['messages', { messages: [] }],
  ['messages', { messages: [{ role: 'assistant', content: [] }] }],
  ['messages[0].role', { messages: [{ role: 'tool', content: 'x' }] }],
  ['messages[0].content', { messages: [{ role: 'user' }] }],
  [
    'messages[0].content[0].source.type',
    user({ type: 'image', source: { type: 'url', url: 'http://169.254.169.254/' } }),
  ],
  ['messages[0].content[0].source.type', user({ type: 'document', source: { type: 'url', url: 'http://x/' } })],
  ['messages[0].content[0].type', user({ type: 'server_tool_use', id: 'x', name: 'web_search', input: {} })],
  ['messages', { messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: {} }] }] }],
  ['temperature', { temperature: 1.5 }],
  ['top_k', { top_k: 5 }],
  ['mcp_servers', { mcp_servers: [] }],
  ['cache_salt', { cache_salt: 'mine' }],
  ['tools[0].type', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
  ['tools[0].name', { tools: [{ ...tool, name: 'a b' }] }],
  ['tools.0.input_schema', { tools: [{ ...tool, input_schema: { $ref: 'http://evil.test/x' } }] }],
  ['tool_choice', { tool_choice: { type: 'any' } }],
  ['tool_choice', { tools: [tool], tool_choice: { type: 'tool', name: 'other' } }],
])('%s is refused by name: %j', (param, over) => {
  expect(parse(over)).toMatchObject({ ok: false, param })
})

test('no JSON makes it throw', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (body, messages) => {
      parseAnthropicMessages(body)
      parseAnthropicMessages({ ...base, messages })
      parseTokenCount(body)
    }),
  )
})
