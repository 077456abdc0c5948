import { expect, test } from 'vitest'
import { chat, choiceOf, choiceText, completion, events, post, started, whole } from '../../test/ask-node.ts'
import { expectedAnswer, expectedText } from '../index.ts'
import type { SimulatedNodeOptions } from '../index.ts'

const model = 'penstock-sim'
const messages = [{ role: 'user', content: 'How does a sluice work?' }]

const schema = {
  type: 'object',
  properties: { level: { type: 'integer', minimum: 3, maximum: 5 }, gate: { enum: ['open', 'shut'] } },
  required: ['level', 'gate'],
}
const shaped = {
  level: expect.toSatisfy((level: number) => level >= 3 && level <= 5),
  gate: expect.stringMatching(/^(open|shut)$/),
}

test.each([
  [
    'response_format json_schema',
    { response_format: { type: 'json_schema', json_schema: { name: 'gate', schema } } },
    shaped,
  ],
  ['structured_outputs json', { structured_outputs: { json: JSON.stringify(schema) } }, shaped],
  ['response_format json_object', { response_format: { type: 'json_object' } }, expect.any(Object)],
])('%s makes the answer JSON of that form, as the oracle knows', async (_, constraint, form) => {
  const node = await started()
  const request = { messages, max_tokens: 200, ...constraint }
  const body = await whole(node, chat, request)
  expect(JSON.parse(body.choices[0]?.message.content ?? '')).toEqual(form)
  expect(body.choices[0]).toMatchObject({ finish_reason: 'stop' })
  expect(body.choices[0]?.message.content).toBe(expectedText({ model, request }))
  const { chunks } = await events(await post(node, chat, { ...request, stream: true }))
  expect(choiceText(choiceOf(chunks, 0))).toBe(body.choices[0]?.message.content)
  expect(chunks.length).toBeGreaterThan(4)
})

test.each([
  [{ structured_outputs: { choice: ['left', 'right'] } }, /^(left|right)$/],
  [{ structured_outputs: { regex: '(SL|WR)-\\d{4}(:[a-f]+)?' } }, /^(SL|WR)-\d{4}(:[a-f]+)?$/],
  [{ structured_outputs: { grammar: 'root ::= "up" | "down"' } }, /^(up|down)$/],
])('%j holds', async (constraint, pattern) => {
  const node = await started()
  expect((await whole(node, completion, { prompt: 'Which?', max_tokens: 50, ...constraint })).choices[0]?.text).toMatch(
    pattern,
  )
})

test('each release obeys the constraint fields it knows and ignores the others in silence', async () => {
  const node = await started()
  const obeyed = async (
    profile: NonNullable<SimulatedNodeOptions['profile']>,
    constraint: object,
  ): Promise<boolean> => {
    node.configure({ profile })
    return (await whole(node, completion, { prompt: 'Which?', ...constraint })).choices[0]?.text === 'ja'
  }
  const guided = { guided_choice: ['ja'] }
  const structured = { structured_outputs: { choice: ['ja'] } }
  expect([await obeyed('v0.10', guided), await obeyed('v0.11', guided), await obeyed('v0.19', guided)]).toEqual([
    true,
    true,
    false,
  ])
  expect([
    await obeyed('v0.10', structured),
    await obeyed('v0.11', structured),
    await obeyed('v0.24', structured),
  ]).toEqual([false, true, true])
})

test('a constrained answer cut by its limit is taken up where it was cut', async () => {
  const node = await started()
  const request = { messages, response_format: { type: 'json_schema', json_schema: { name: 'gate', schema } } }
  const all = expectedText({ model, request: { ...request, max_tokens: 200 } })
  const first = await whole(node, chat, { ...request, max_tokens: 4 })
  expect(first.choices[0]?.finish_reason).toBe('length')
  const said = first.choices[0]?.message.content ?? ''
  const resumed = {
    ...request,
    messages: [...messages, { role: 'assistant', content: said }],
    add_generation_prompt: false,
    continue_final_message: true,
    max_tokens: 200,
  }
  expect(said + (await whole(node, chat, resumed)).choices[0]?.message.content).toBe(all)
})

test('thoughts come before the answer, in the fields of the release, and count as tokens', async () => {
  const node = await started({ reasoningTokens: 7 })
  const request = { messages, max_tokens: 20, stream: true, stream_options: { include_usage: true } }
  const expected = expectedAnswer({ model, request, rules: { reasoningTokens: 7 } })
  const fields = {
    'v0.10': ['reasoning_content'],
    'v0.11': ['reasoning', 'reasoning_content'],
    'v0.24': ['reasoning'],
  } as const
  for (const [profile, names] of Object.entries(fields)) {
    node.configure({ profile: profile as keyof typeof fields })
    const { chunks } = await events(await post(node, chat, request))
    const deltas = choiceOf(chunks, 0).map(({ delta }) => delta as Record<string, string>)
    for (const name of ['reasoning', 'reasoning_content'])
      expect(deltas.map((delta) => delta[name] ?? '').join('')).toBe(
        (names as readonly string[]).includes(name) ? expected.reasoning : '',
      )
    expect(choiceText(choiceOf(chunks, 0))).toBe(expected.text)
    expect(deltas.findIndex((delta) => delta['content'] !== undefined && delta['content'] !== '')).toBe(8)
    expect(chunks.at(-1)?.usage).toMatchObject({
      completion_tokens: 20,
      completion_tokens_details: { reasoning_tokens: 7 },
    })
  }
  const hidden = await whole(node, chat, { messages, max_tokens: 20, include_reasoning: false })
  expect(hidden.choices[0]?.message).toMatchObject({ reasoning: null, content: expected.text })
  const none = await whole(node, chat, { messages, max_tokens: 20, reasoning_effort: 'none' })
  expect(none.choices[0]?.message).toMatchObject({
    reasoning: null,
    content: expectedText({ model, request: { messages, max_tokens: 20 } }),
  })
})

test('several tools are called one after another, with ids in the form of the parser', async () => {
  const node = await started({ toolCalls: 'all', toolParser: 'kimi' })
  const tools = ['find', 'open'].map((name) => ({ type: 'function', function: { name, parameters: schema } }))
  const request = { messages, tools, tool_choice: 'required' }
  const body = await whole(node, chat, request)
  expect(body.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } })
  const calls = body.choices[0]?.message.tool_calls ?? []
  expect(calls.map(({ id }) => id)).toEqual(['functions.find:0', 'functions.open:1'])
  for (const call of calls) expect(JSON.parse(call.function.arguments)).toEqual(shaped)
  const { chunks } = await events(await post(node, chat, { ...request, stream: true }))
  const deltas = choiceOf(chunks, 0).flatMap(({ delta }) => delta?.tool_calls ?? [])
  const joined = [0, 1].map((at) =>
    deltas
      .filter(({ index }) => index === at)
      .map((one) => one.function.arguments)
      .join(''),
  )
  expect(joined).toEqual(calls.map((call) => call.function.arguments))
  expect(deltas.map(({ index }) => index)).toEqual(deltas.map(({ index }) => index).toSorted((a, b) => a - b))
  node.configure({ toolParser: 'mistral' })
  const named = { ...request, tool_choice: { type: 'function', function: { name: 'open' } } }
  const [choice] = (await whole(node, chat, named)).choices
  expect(choice).toMatchObject({
    finish_reason: 'stop',
    message: { tool_calls: [{ id: expect.stringMatching(/^[0-9a-z]{9}$/) }] },
  })
})

test('a tool call cut by the limit ends with length and broken arguments', async () => {
  const node = await started()
  const tools = [{ type: 'function', function: { name: 'find', parameters: schema } }]
  const [choice] = (await whole(node, chat, { messages, tools, max_tokens: 3 })).choices
  expect(choice?.finish_reason).toBe('length')
  expect(() => JSON.parse(choice?.message.tool_calls?.[0]?.function.arguments ?? '')).toThrow('JSON')
})

test('content modes repeat the question or follow a script, and can be taken up in the middle', async () => {
  const rules = {
    content: 'script' as const,
    script: [{ match: 'sluice', answer: 'A sluice is a gate in a channel.' }],
  }
  const node = await started({ ...rules, itlMs: 0 })
  expect((await whole(node, chat, { messages })).choices[0]).toMatchObject({
    finish_reason: 'stop',
    message: { content: rules.script[0]?.answer },
  })
  const resumed = {
    messages: [...messages, { role: 'assistant', content: 'A sluice is ' }],
    add_generation_prompt: false,
    continue_final_message: true,
  }
  expect((await whole(node, chat, resumed)).choices[0]?.message.content).toBe('a gate in a channel.')
  const other = { messages: [{ role: 'user', content: 'Else?' }], max_tokens: 5 }
  expect((await whole(node, chat, other)).choices[0]?.message.content).toBe(expectedText({ model, request: other }))
  node.configure({ content: 'echo' })
  expect((await whole(node, chat, { messages })).choices[0]?.message.content).toBe(messages[0]?.content)
})

test('lengths follow the distribution, and a chat that is taken up ends where it would have', async () => {
  const rules = { answerTokens: { median: 30, sigma: 0.5 } }
  const lengths = Array.from({ length: 200 }, (_, index) =>
    expectedAnswer({
      model,
      request: { messages: [{ role: 'user', content: `Question ${index}` }], max_tokens: 5000 },
      rules,
    }),
  )
  expect(lengths.every(({ end }) => end.finishReason === 'stop')).toBe(true)
  const sorted = lengths.map(({ tokens }) => tokens).toSorted((a, b) => a - b)
  expect(sorted[100]).toBeGreaterThan(24)
  expect(sorted[100]).toBeLessThan(37)
  const request = { messages, max_tokens: 5000 }
  const all = expectedText({ model, request, rules })
  const said = expectedText({ model, request, rules, tokens: 5 })
  const rest = {
    messages: [...messages, { role: 'assistant', content: said }],
    add_generation_prompt: false,
    continue_final_message: true,
    max_tokens: 5000,
  }
  expect(said + expectedText({ model, request: rest, rules })).toBe(all)
})
