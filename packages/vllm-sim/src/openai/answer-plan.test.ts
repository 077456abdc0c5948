import { expect, test } from 'vitest'
import { defaultRules, planAnswer } from './answer-plan.ts'
import type { AnswerPlan } from './answer-plan.ts'
import type { Refusal } from './refusal.ts'
import { ChatRequest, CompletionRequest } from './request.ts'

const messages = [{ role: 'user', content: 'hello there' }]
const tools = [{ type: 'function', function: { name: 'find', parameters: { type: 'object' } } }]

const chat = (body: object, rules = {}): AnswerPlan | Refusal =>
  planAnswer({ endpoint: 'chat', body: ChatRequest.parse({ messages, ...body }) }, { ...defaultRules, ...rules })
const completion = (body: object, rules = {}): AnswerPlan | Refusal =>
  planAnswer(
    { endpoint: 'completion', body: CompletionRequest.parse({ prompt: 'one two three', ...body }) },
    { ...defaultRules, ...rules },
  )

test.each([
  ['n', completion({ n: 2 })],
  ['suffix', completion({ suffix: '' })],
  ['max_tokens', completion({ max_tokens: 0 })],
  ['min_tokens', completion({ min_tokens: 5, max_tokens: 4 })],
  ['stop', completion({ stop: ['a', ''] })],
  ['stream_options', completion({ stream_options: { include_usage: true } })],
  ['temperature', completion({ temperature: 3 })],
  ['prompt', completion({ prompt: '' })],
  ['prompt', completion({ prompt: ['a', 'b'] })],
  ['prompt', completion({ prompt: [1] })],
  ['logprobs', completion({ logprobs: 1 })],
  ['continue_final_message', chat({ continue_final_message: true })],
  ['tools', chat({ tools: [] })],
  ['tool_choice', chat({ tool_choice: 'auto' })],
  ['tool_choice', chat({ tools, tool_choice: { type: 'function', function: { name: 'other' } } })],
])('a bad %s is refused with 400 and named', (param, plan) => {
  expect(plan).toMatchObject({ kind: 'refused', status: 400, type: 'BadRequestError', param })
})

test('without a limit a completion gets 16 tokens and a chat 256, or what the context still holds', () => {
  expect(completion({ max_tokens: null })).toMatchObject({ outputTokensMax: 16 })
  expect(chat({})).toMatchObject({ outputTokensMax: 256 })
  const { promptTokens } = chat({}) as AnswerPlan
  expect(chat({}, { modelLengthMax: promptTokens + 7 })).toMatchObject({ outputTokensMax: 7 })
  expect(chat({ max_tokens: 9, max_completion_tokens: 5 })).toMatchObject({ outputTokensMax: 5 })
})

test('prompt and answer may fill the context exactly, and one token more is refused with its size', () => {
  expect(completion({ max_tokens: 5 }, { modelLengthMax: 8 })).toMatchObject({ kind: 'planned', promptTokens: 3 })
  const refused = completion({ max_tokens: 6 }, { modelLengthMax: 8 }) as Refusal
  expect(refused).toMatchObject({ status: 400, param: 'input_tokens' })
  expect(/maximum context length is (\d+)/i.exec(refused.message)?.[1]).toBe('8')
  expect(chat({}, { modelLengthMax: 2 })).toMatchObject({ kind: 'refused' })
})

test('tools are called unless the choice, the node or a result says otherwise', () => {
  const result = [...messages, { role: 'tool', tool_call_id: 'x', content: '42' }]
  const named = { type: 'function', function: { name: 'find' } }
  expect(chat({ tools })).toMatchObject({ toolCall: { name: 'find', named: false } })
  expect(chat({ tools, tool_choice: named })).toMatchObject({ toolCall: { named: true } })
  expect(chat({ tools, tool_choice: 'none' })).toMatchObject({ toolCall: null })
  expect(chat({ tools, messages: result })).toMatchObject({ toolCall: null })
  expect(chat({ tools, messages: result, tool_choice: 'required' })).toMatchObject({ toolCall: { name: 'find' } })
  expect(chat({ tools }, { toolCalls: 'never' })).toMatchObject({ toolCall: null })
})
