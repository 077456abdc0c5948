import fc from 'fast-check'
import { toWire } from '@penstock/models'
import { expect, test } from 'vitest'
import { openAiChat } from './feature.ts'
import { parseOpenAiChat } from './request.ts'

const base = { model: 'house', messages: [{ role: 'user', content: 'hi' }] }
const parse = (fields: object) => parseOpenAiChat({ ...base, ...fields })
const tool = (parameters: object = {}) => ({ type: 'function', function: { name: 'f', parameters } })
const format = (schema: object) => ({ response_format: { type: 'json_schema', json_schema: { name: 'n', schema } } })
const user = (...content: object[]) => ({ messages: [{ role: 'user', content }] })
const model = { family: 'general', contextTokens: 32_000, servedName: 'served' } as const

test('a full request becomes an input', () => {
  const parsed = parse({
    messages: [
      { role: 'developer', content: 'be brief' },
      { role: 'user', content: [{ type: 'text', text: 'hi' }], name: 'ann' },
      {
        role: 'assistant',
        content: null,
        refusal: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', content: 'r', tool_call_id: 'c' },
    ],
    max_completion_tokens: 9,
    temperature: 0.5,
    stop: 'x',
    tools: [tool({ type: 'object' })],
    tool_choice: { type: 'function', function: { name: 'f' } },
    response_format: { type: 'text' },
    stream: true,
    stream_options: { include_usage: true },
    user: 'u1',
    metadata: { a: 'b' },
    n: 1,
    logprobs: false,
    logit_bias: null,
  })
  expect(parsed).toEqual({
    ok: true,
    stream: true,
    includeUsage: true,
    model: 'house',
    input: {
      messages: [
        { role: 'developer', content: 'be brief' },
        { role: 'user', content: [{ type: 'text', text: 'hi' }], name: 'ann' },
        { role: 'assistant', content: null, toolCalls: [{ id: 'c', name: 'f', arguments: '{}' }] },
        { role: 'tool', content: 'r', toolCallId: 'c' },
      ],
      maxTokens: 9,
      temperature: 0.5,
      stop: ['x'],
      tools: [{ name: 'f', parameters: { type: 'object' } }],
      toolChoice: { name: 'f' },
    },
  })
})

test.each([
  ['foo', { foo: 1 }, 'Unrecognized request argument supplied: foo'],
  ['guided_regex', { guided_regex: '(a+)+$' }, 'Unrecognized request argument supplied: guided_regex'],
  ['chat_template', { chat_template: 'x' }, 'Unrecognized'],
  ['cache_salt', { cache_salt: 'mine' }, 'Unrecognized'],
  ['priority', { priority: -9 }, 'Unrecognized'],
  ['n', { n: 2 }, 'one answer'],
  ['best_of', { best_of: 3 }, 'best_of'],
  ['logprobs', { logprobs: true }, 'logprobs'],
  ['top_logprobs', { top_logprobs: 5 }, 'top_logprobs'],
  ['logit_bias', { logit_bias: { 5: 1 } }, 'logit_bias'],
  ['reasoning_effort', { reasoning_effort: 'high' }, 'reasoning_effort'],
  ['model', { model: undefined }, 'model'],
  ['messages', { messages: [] }, 'messages'],
  ['messages[0].role', { messages: [{ role: 'robot', content: '' }] }, 'role'],
  ['messages[0].content', { messages: [{ role: 'user' }] }, 'content'],
  ['messages[0].content', { messages: [{ role: 'assistant', content: null }] }, 'content'],
  ['messages[0].tool_call_id', { messages: [{ role: 'tool', content: 'r' }] }, 'tool_call_id'],
  [
    'messages[0].content[0].image_url.url',
    user({ type: 'image_url', image_url: { url: 'http://169.254.169.254/' } }),
    'data: URL',
  ],
  [
    'messages[0].content[0].image_url.url',
    user({ type: 'image_url', image_url: { url: 'https://evil.test/a.png' } }),
    'data: URL',
  ],
  [
    'messages[0].content[1].type',
    user({ type: 'text', text: '' }, { type: 'audio_url', audio_url: { url: 'http://x' } }),
    'content',
  ],
  ['messages[0].content[0].type', user({ type: 'file', file: { file_id: 'x' } }), 'content'],
  ['max_tokens', { max_tokens: 0 }, 'max_tokens'],
  ['max_tokens', { max_tokens: 1.5 }, 'max_tokens'],
  ['max_tokens', { max_tokens: 'many' }, 'max_tokens'],
  ['max_tokens', { max_tokens: 5, max_completion_tokens: 6 }, 'same limit'],
  ['temperature', { temperature: 2.1 }, 'temperature'],
  ['temperature', { temperature: -0.1 }, 'temperature'],
  ['top_p', { top_p: 1.1 }, 'top_p'],
  ['presence_penalty', { presence_penalty: 2.5 }, 'presence_penalty'],
  ['frequency_penalty', { frequency_penalty: -2.5 }, 'frequency_penalty'],
  ['stop', { stop: Array(17).fill('x') }, 'stop'],
  ['stop', { stop: 'x'.repeat(65) }, 'stop'],
  ['stop[0]', { stop: [''] }, 'stop'],
  ['seed', { seed: 1.5 }, 'seed'],
  ['stream_options', { stream_options: { include_usage: true } }, 'stream'],
  [
    'stream_options.continuous_usage_stats',
    { stream: true, stream_options: { continuous_usage_stats: true } },
    'Unrecognized',
  ],
  ['tools', { tools: [] }, 'tools'],
  ['tools[0].type', { tools: [{ type: 'web_search' }] }, 'tools'],
  ['tool_choice', { tool_choice: 'required' }, 'tools'],
  ['tool_choice', { tools: [tool()], tool_choice: { type: 'function', function: { name: 'g' } } }, 'not in'],
  ['tools[0].function.parameters', { tools: [tool({ $ref: 'http://evil.test/s' })] }, '$ref'],
  [
    'tools[0].function.parameters',
    { tools: [tool({ properties: { a: { pattern: '(a+)+$' } } })], tool_choice: 'required' },
    'pattern',
  ],
  ['response_format.type', { response_format: { type: 'grammar' } }, 'response_format'],
  ['response_format.json_schema.schema', format({ type: 'string', pattern: '(a+)+$' }), 'pattern'],
  ['response_format.json_schema.schema', format({ enum: ['x'.repeat(20_000)] }), 'larger'],
  ['continue_final_message', { continue_final_message: true }, 'together'],
  ['add_generation_prompt', { add_generation_prompt: false }, 'together'],
  ['continue_final_message', { continue_final_message: true, add_generation_prompt: false }, 'assistant message'],
])('%s is refused by name: %j', (param, fields, words) => {
  const parsed = parse(fields)
  expect(parsed).toMatchObject({ ok: false, param })
  expect(parsed).toMatchObject({ message: expect.stringContaining(words) })
})

test.each([[null], [[]], ['x']])('what is no object is refused: %j', (body) => {
  expect(parseOpenAiChat(body)).toMatchObject({ ok: false, param: null })
})

test('a prototype key is an unknown argument', () => {
  expect(parseOpenAiChat(JSON.parse('{"__proto__":{"n":2},"model":"m","messages":[]}'))).toMatchObject({
    ok: false,
    param: '__proto__',
  })
})

test('null stands for absent', () => {
  const nulls = {
    max_tokens: null,
    temperature: null,
    stop: null,
    tools: null,
    tool_choice: null,
    response_format: null,
    stream: null,
    n: null,
  }
  expect(parse(nulls)).toEqual(parse({}))
})

test('a prefilled answer is continued, as GitLab sends it for Mistral', () => {
  const messages = [...base.messages, { role: 'assistant', content: '{"a":' }]
  const parsed = parse({ messages, continue_final_message: true, add_generation_prompt: false })
  expect(parsed).toMatchObject({ ok: true, input: { continueFinal: true } })
  if (!parsed.ok) return
  const call = openAiChat.render(parsed.input, model)
  expect(call && toWire(call, { servedName: 'served', profile: 'v0.24' }).body).toMatchObject({
    messages,
    continue_final_message: true,
    add_generation_prompt: false,
  })
})

test('what a client library added to an answer it sends back is dropped', () => {
  const parsed = parse({
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'yes', parsed: null, refusal: null },
    ],
  })
  expect(parsed).toMatchObject({ ok: true })
  expect(JSON.stringify(parsed)).not.toMatch(/parsed|refusal/)
})

test('an image inside the request reaches the node', () => {
  const parsed = parse(user({ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } }))
  expect(parsed).toMatchObject({
    ok: true,
    input: { messages: [{ content: [{ type: 'image', dataUrl: 'data:image/png;base64,AA==' }] }] },
  })
})

/** Every key a node may ever see, by level. */
const wireKeys = new Set(
  `model messages max_tokens temperature top_p stop seed presence_penalty frequency_penalty response_format tools tool_choice
   parallel_tool_calls stream stream_options return_token_ids include_stop_str_in_output continue_final_message add_generation_prompt`.split(
    /\s+/,
  ),
)
const messageKeys = new Set('role content name tool_calls tool_call_id'.split(' '))

test('no unknown key of a body ever reaches a node', () => {
  const some = fc.dictionary(fc.string({ minLength: 1, maxLength: 12 }), fc.jsonValue(), { maxKeys: 2 })
  const extra = fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: some })
  const mostly = (valid: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 9, arbitrary: valid }, { weight: 1, arbitrary: fc.jsonValue() })
  const known = fc.record(
    {
      temperature: mostly(fc.double({ min: 0, max: 2, noNaN: true })),
      max_tokens: mostly(fc.integer({ min: 1, max: 1e9 })),
      stop: mostly(fc.constant('x')),
      user: fc.jsonValue(),
      metadata: fc.jsonValue(),
      logit_bias: mostly(fc.constantFrom(null, {})),
      n: mostly(fc.constantFrom(1, null)),
      seed: fc.integer(),
      stream: fc.boolean(),
      tools: fc.constant([tool({ type: 'object' })]),
    },
    { requiredKeys: [] },
  )
  const message = fc
    .tuple(fc.constantFrom('system', 'user', 'assistant', 'developer'), fc.string(), extra)
    .map(([role, content, more]) => ({
      ...more,
      role,
      content,
    }))
  let accepted = 0
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 3 }), known, extra, (messages, fields, more) => {
      const parsed = parseOpenAiChat({ ...more, ...fields, model: 'm', messages })
      if (!parsed.ok) return
      accepted++
      const input = openAiChat.input.parse(JSON.parse(JSON.stringify(parsed.input)))
      const call = openAiChat.render(input, model)
      if (call === null) throw new Error('expected a call')
      const { body } = toWire(call, { servedName: 'served', profile: 'v0.24' })
      expect(Object.keys(body).filter((key) => !wireKeys.has(key))).toEqual([])
      expect(body).toMatchObject({ model: 'served', stream: true })
      const seen = (body.messages as object[]).flatMap((sent) => Object.keys(sent))
      expect(seen.filter((key) => !messageKeys.has(key))).toEqual([])
    }),
    { numRuns: 1000 },
  )
  expect(accepted).toBeGreaterThan(100)
})

test('an output limit is always explicit, and a huge one shrinks to the room there is', () => {
  const limit = (maxTokens?: number) => {
    const parsed = parse(maxTokens === undefined ? {} : { max_tokens: maxTokens })
    if (!parsed.ok) throw new Error(parsed.message)
    const call = openAiChat.render(parsed.input, model)
    return call !== null && 'maxTokens' in call ? call.maxTokens : undefined
  }
  expect(limit()).toBe(4096)
  expect(limit(7)).toBe(7)
  expect(limit(1e9)).toBeLessThan(32_000)
  expect(limit(1e9)).toBeGreaterThan(31_000)
})

test('only gpt templates are asked as developer', () => {
  const input = { messages: [{ role: 'developer' as const, content: 'x' }] }
  expect(openAiChat.render(input, model)).toMatchObject({ messages: [{ role: 'system' }] })
  expect(openAiChat.render(input, { ...model, family: 'gpt' })).toMatchObject({ messages: [{ role: 'developer' }] })
})

test('turns of one conversation share an affinity', () => {
  const opening = [
    { role: 'system' as const, content: 's' },
    { role: 'user' as const, content: 'hi' },
  ]
  const later = [
    ...opening,
    { role: 'assistant' as const, content: 'yes?' },
    { role: 'user' as const, content: 'more' },
  ]
  expect(openAiChat.affinity({ messages: later })).toEqual(openAiChat.affinity({ messages: opening }))
  const other = openAiChat.affinity({ messages: [opening[0]!, { role: 'user', content: 'else' }] })
  expect(other[0]).not.toBe(openAiChat.affinity({ messages: opening })[0])
  expect(other[1]).toBe(openAiChat.affinity({ messages: opening })[1])
})
