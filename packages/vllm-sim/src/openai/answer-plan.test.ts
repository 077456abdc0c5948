import { expect, test } from 'vitest'
import { defaultSettings } from '../node-settings.ts'
import type { NodeSettings } from '../node-settings.ts'
import { profileNames } from '../profiles/version-profile.ts'
import type { ProfileName } from '../profiles/version-profile.ts'
import { planAnswer } from './answer-plan.ts'
import type { AnswerPlan } from './answer-plan.ts'
import type { Refusal } from './refusal.ts'
import { ChatRequest, CompletionRequest } from './request.ts'

const messages = [{ role: 'user', content: 'hello there' }]
const tools = [{ type: 'function', function: { name: 'find', parameters: { type: 'object' } } }]

type Settings = Partial<NodeSettings>

const chat = (body: object, settings: Settings = {}): AnswerPlan | Refusal =>
  planAnswer({ endpoint: 'chat', body: ChatRequest.parse({ messages, ...body }) }, { ...defaultSettings, ...settings })
const completion = (body: object, settings: Settings = {}): AnswerPlan | Refusal =>
  planAnswer(
    { endpoint: 'completion', body: CompletionRequest.parse({ prompt: 'one two three', ...body }) },
    { ...defaultSettings, ...settings },
  )
const only = (plan: AnswerPlan | Refusal) => (plan.kind === 'planned' ? plan.choices[0] : plan)

test.each([
  ['n', completion({ n: 0 })],
  ['n', completion({ n: 16_385 })],
  ['n', completion({ n: 2, temperature: 0 })],
  ['n', chat({ n: 2, temperature: 0 })],
  ['suffix', completion({ suffix: '' })],
  ['max_tokens', completion({ max_tokens: 0 })],
  ['max_tokens', chat({ max_tokens: 0, echo: true })],
  ['min_tokens', completion({ min_tokens: 5, max_tokens: 4 })],
  ['min_tokens', completion({ min_tokens: -1 })],
  ['stop', completion({ stop: ['a', ''] })],
  ['stream_options', completion({ stream_options: { include_usage: true } })],
  ['temperature', completion({ temperature: 3 })],
  ['temperature', completion({ temperature: -0.1 })],
  ['top_p', completion({ top_p: 0 })],
  ['top_k', completion({ top_k: -2 })],
  ['min_p', completion({ min_p: 1.5 })],
  ['repetition_penalty', completion({ repetition_penalty: 0 })],
  ['presence_penalty', completion({ presence_penalty: -2.1 })],
  ['frequency_penalty', chat({ frequency_penalty: 2.1 })],
  ['logit_bias', completion({ logit_bias: { word: 1 } })],
  ['logit_bias', completion({ logit_bias: { 12: 101 } })],
  ['allowed_token_ids', completion({ allowed_token_ids: [] })],
  ['bad_words', completion({ bad_words: [''] })],
  ['cache_salt', completion({ cache_salt: '' })],
  ['truncate_prompt_tokens', completion({ truncate_prompt_tokens: -2 })],
  ['use_beam_search', completion({ use_beam_search: true, stream: true })],
  ['prompt', completion({ prompt: '' })],
  ['prompt', completion({ prompt: null })],
  ['prompt', completion({ prompt: [] })],
  ['prompt', completion({ prompt: ['a', ''] })],
  ['prompt', completion({ prompt: [1] })],
  ['logprobs', completion({ logprobs: 21 })],
  ['logprobs', completion({ logprobs: -1 })],
  ['prompt_logprobs', completion({ prompt_logprobs: 1, stream: true })],
  ['top_logprobs', chat({ top_logprobs: 2 })],
  ['top_logprobs', chat({ logprobs: true, top_logprobs: 21 })],
  ['continue_final_message', chat({ continue_final_message: true })],
  ['chat_template', chat({ chat_template: '{{ x }}' })],
  ['thinking_token_budget', chat({ thinking_token_budget: -1 })],
  ['tools', chat({ tools: [] })],
  ['tool_choice', chat({ tool_choice: 'auto' })],
  ['tool_choice', chat({ tools, tool_choice: { type: 'function', function: { name: 'other' } } })],
  ['tool_choice', chat({ tools }, { autoToolChoice: false })],
  ['tool_choice', chat({ tools, tool_choice: 'required' }, { toolParser: null })],
  ['response_format', chat({ response_format: { type: 'json_schema' } })],
  [
    'response_format',
    chat({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'no' } } } }),
  ],
  ['structured_outputs', chat({ structured_outputs: {} })],
  ['structured_outputs', chat({ structured_outputs: { regex: 'a', choice: ['b'] } })],
  ['structured_outputs', chat({ structured_outputs: { regex: '(' } })],
  ['structured_outputs', chat({ structured_outputs: { json: '{' } })],
  ['structured_outputs', chat({ structured_outputs: { choice: [] } })],
  ['structured_outputs', chat({ structured_outputs: { grammar: 'root ::= {' } })],
])('a bad %s is refused with 400 and named', (param, plan) => {
  expect(plan).toMatchObject({ kind: 'refused', status: 400, type: 'BadRequestError', param })
})

test.each<[string, (profile: ProfileName) => AnswerPlan | Refusal, readonly ProfileName[]]>([
  ['five stop strings', (profile) => completion({ stop: ['a', 'b', 'c', 'd', 'e'] }, { profile }), ['v0.32']],
  ['1025 prompts', (profile) => completion({ prompt: Array(1025).fill('a') }, { profile }), ['v0.32']],
  ['a temperature of 3', (profile) => completion({ temperature: 3 }, { profile }), ['v0.24', 'v0.32']],
  ['a priority without the policy', (profile) => completion({ priority: 1 }, { profile }), ['v0.6']],
  [
    'a required tool without a parser',
    (profile) => chat({ tools, tool_choice: 'required' }, { profile, toolParser: null }),
    ['v0.24', 'v0.32'],
  ],
  [
    'two guided fields',
    (profile) => chat({ guided_regex: 'a', guided_choice: ['a'] }, { profile }),
    ['v0.6', 'v0.10', 'v0.11'],
  ],
  [
    'empty structured_outputs',
    (profile) => chat({ structured_outputs: {} }, { profile }),
    ['v0.11', 'v0.19', 'v0.24', 'v0.32'],
  ],
])('%s is refused by the releases that do so, and by no other', (_, ask, refusing) => {
  expect(profileNames.filter((profile) => ask(profile).kind === 'refused')).toEqual(refusing)
})

test('without a limit a completion gets 16 tokens and a chat 256, or what the context still holds', () => {
  expect(only(completion({ max_tokens: null }))).toMatchObject({ outputTokensMax: 16 })
  expect(only(chat({}))).toMatchObject({ outputTokensMax: 256 })
  const [prompt] = (chat({}) as AnswerPlan).prompts
  expect(only(chat({}, { modelLengthMax: (prompt?.tokens ?? 0) + 7 }))).toMatchObject({ outputTokensMax: 7 })
  expect(only(chat({ max_tokens: 9, max_completion_tokens: 5 }))).toMatchObject({ outputTokensMax: 5 })
})

test.each(profileNames)(
  '%s: prompt and answer may fill the context, and one token more is refused with its size',
  (profile) => {
    const settings: Settings = { profile, modelLengthMax: 8 }
    expect(completion({ max_tokens: 5 }, settings)).toMatchObject({ kind: 'planned', prompts: [{ tokens: 3 }] })
    const refused = completion({ max_tokens: 6 }, settings) as Refusal
    expect(refused).toMatchObject({ kind: 'refused', status: 400 })
    expect(/maximum context length is (\d+)/i.exec(refused.message)?.[1]).toBe('8')
    expect(completion({ max_tokens: 1 }, { profile, modelLengthMax: 3 })).toMatchObject({
      kind: 'refused',
      status: 400,
    })
    expect(completion({ prompt: ['a', 'one two three four five six seven'] }, settings)).toMatchObject({
      kind: 'refused',
    })
  },
)

test('each release says an overflow in its own words', () => {
  const said = (profile: ProfileName, body: object): string =>
    (completion(body, { profile, modelLengthMax: 8 }) as Refusal).message
  const sum = { max_tokens: 6 }
  expect(said('v0.10', sum)).toMatch(/9 tokens were requested \(3 for the prompt, 6 for the completion\)/)
  expect(said('v0.19', sum)).toMatch(/max_tokens.*too large: 6/)
  expect(said('v0.11', { prompt: 'a b c d e f g h i' })).toMatch(/request has 9 input tokens/)
  expect(said('v0.24', sum)).toMatch(/at least 3 input tokens/)
})

test('a truncated prompt keeps the side asked for, and fits then', () => {
  const prompt = 'one two three four'
  const kept = (body: object) =>
    (completion({ prompt, ...body }, { modelLengthMax: 20 }) as AnswerPlan).prompts.map(({ bytes }) =>
      Buffer.from(bytes).toString(),
    )
  expect(kept({ truncate_prompt_tokens: 2 })).toEqual([' three four'])
  expect(kept({ truncate_prompt_tokens: 2, truncation_side: 'right' })).toEqual(['one two'])
  expect(kept({ truncate_prompt_tokens: -1 })).toEqual([prompt])
})

test('prompts and samples are counted prompt by prompt', () => {
  const plan = completion({ prompt: ['a', 'b c'], n: 3 }) as AnswerPlan
  expect(plan.choices.map(({ prompt, sample }) => [prompt.question, sample])).toEqual([
    ['a', 0],
    ['a', 1],
    ['a', 2],
    ['b c', 0],
    ['b c', 1],
    ['b c', 2],
  ])
})

test('tools are called unless the choice, the node or a result says otherwise', () => {
  const result = [...messages, { role: 'tool', tool_call_id: 'x', content: '42' }]
  const named = { type: 'function', function: { name: 'find' } }
  const find = { calls: [{ name: 'find' }] }
  expect(only(chat({ tools }))).toMatchObject({ tools: { ...find, finishReason: 'tool_calls' } })
  expect(only(chat({ tools, tool_choice: named }))).toMatchObject({ tools: { ...find, finishReason: 'stop' } })
  expect(only(chat({ tools, tool_choice: 'none' }))).toMatchObject({ tools: null })
  expect(only(chat({ tools, messages: result }))).toMatchObject({ tools: null })
  expect(only(chat({ tools, messages: result, tool_choice: 'required' }))).toMatchObject({ tools: find })
  expect(only(chat({ tools }, { toolCalls: 'never' }))).toMatchObject({ tools: null })
  const two = [...tools, { type: 'function', function: { name: 'open' } }]
  const both = chat({ tools: two }, { toolCalls: 'all' })
  expect(only(both)).toMatchObject({ tools: { calls: [{ name: 'find' }, { name: 'open' }] } })
  expect(only(chat({ tools: two, parallel_tool_calls: false }, { toolCalls: 'all' }))).toMatchObject({ tools: find })
})
