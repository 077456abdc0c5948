import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ResponseEvents } from './events.ts'
import { parseOpenAiResponses } from './request.ts'

const parse = (over: object) => parseOpenAiResponses({ model: 'm', input: 'hi', ...over })
const tool = { type: 'function', name: 'f', parameters: { type: 'object' }, strict: false }

test('items become a chat: instructions first, calls with what was said before them', () => {
  const parsed = parse({
    instructions: 'Be brief.',
    input: [
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Read.' }] },
      { type: 'reasoning', id: 'rs_1', summary: [] },
      { role: 'assistant', content: [{ type: 'output_text', text: 'Reading.', annotations: [] }] },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
      { type: 'function_call', call_id: 'c2', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'A' },
    ],
    tools: [tool],
    tool_choice: 'required',
    max_output_tokens: 9,
    text: { format: { type: 'text' } },
    store: false,
    stream: true,
  })
  expect(parsed).toEqual({
    ok: true,
    stream: true,
    includeUsage: true,
    model: 'm',
    input: {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Read.' },
        {
          role: 'assistant',
          content: 'Reading.',
          toolCalls: ['c1', 'c2'].map((id) => ({ id, name: 'f', arguments: '{}' })),
        },
        { role: 'tool', toolCallId: 'c1', content: 'A' },
      ],
      maxTokens: 9,
      tools: [{ name: 'f', parameters: { type: 'object' }, strict: false }],
      toolChoice: 'required',
    },
  })
})

test.each([
  ['previous_response_id', { previous_response_id: 'resp_1' }],
  ['background', { background: true }],
  ['tools[0].type', { tools: [{ type: 'web_search' }] }],
  ['tool_choice', { tool_choice: 'required' }],
  ['conversation', { conversation: 'c' }],
  ['input', { input: [] }],
  ['input', { input: [{ type: 'reasoning' }] }],
  ['max_output_tokens', { max_output_tokens: 0 }],
])('%s is refused by name: %j', (param, over) => {
  expect(parse(over)).toMatchObject({ ok: false, param })
})

test('no JSON makes it throw', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (body, input) => {
      parseOpenAiResponses(body)
      parseOpenAiResponses({ model: 'm', input })
    }),
  )
})

test('an answer opens and closes every item, and its last event holds it whole', () => {
  const events = new ResponseEvents({ id: 'resp_0123456789abcdef', createdAt: 5000, model: 'm' })
  const all = [
    ...events.start(),
    ...events.text('Read'),
    ...events.text('ing'),
    ...events.toolCalls([
      { index: 0, id: 'c1', name: 'f', arguments: '{"a"' },
      { index: 0, arguments: ':1}' },
    ]),
    ...events.end('tool_calls', { promptTokens: 7, completionTokens: 3 }),
  ]
  expect(all.map(({ type }) => type.replace('response.', ''))).toEqual([
    'created',
    'in_progress',
    'output_item.added',
    'content_part.added',
    'output_text.delta',
    'output_text.delta',
    'output_text.done',
    'content_part.done',
    'output_item.done',
    'output_item.added',
    'function_call_arguments.delta',
    'function_call_arguments.delta',
    'function_call_arguments.done',
    'output_item.done',
    'completed',
  ])
  expect(all.map((event) => event.sequence_number)).toEqual(all.map((_, index) => index))
  expect(all.at(-1)).toMatchObject({
    response: {
      status: 'completed',
      created_at: 5,
      output: [
        { type: 'message', content: [{ type: 'output_text', text: 'Reading' }] },
        { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' },
      ],
      usage: { input_tokens: 7, output_tokens: 3, total_tokens: 10 },
    },
  })
  expect(new ResponseEvents({ id: 'resp_1', createdAt: 0, model: 'm' }).end('length', null)).toMatchObject([
    {
      type: 'response.incomplete',
      response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    },
  ])
})
