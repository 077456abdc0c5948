import { RequestFailure } from '@penstock/contracts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AnswerPart } from '../../core/intake.ts'
import { answerOf, end, startTestApp, text } from '../http-app.fixture.ts'
import type { TestApp } from '../http-app.fixture.ts'

let app: TestApp
beforeAll(async () => void (app = await startTestApp()))
afterAll(async () => app[Symbol.asyncDispose]())
beforeEach(() => {
  app.desk.asked.length = 0
  app.desk.script = () => answerOf([text('Final Answer: hi'), end()], { family: 'llama3' })
})

const chatScopes = ['duo_classic_chat', 'ask_issue', 'documentation_search']
const question = (content: string, more: object = {}) => ({
  role: 'user',
  content,
  context: null,
  current_file: null,
  ...more,
})
const ask = (
  body: object,
  { scopes = chatScopes, headers = {} }: { scopes?: string[]; headers?: Record<string, string> } = {},
) =>
  app.gitlab('/v2/chat/agent', {
    claims: { scopes },
    headers: { 'x-gitlab-version': '18.9.0', ...headers },
    body: { messages: [question('What is #17?')], model_metadata: null, ...body },
  })
const eventsOf = async (answer: Response) => {
  const lines = (await answer.text()).split('\n')
  expect(lines.pop()).toBe('')
  return lines.map((line) => JSON.parse(line) as { type: string; data: Record<string, unknown> })
}
const inputAsked = () => JSON.parse(Buffer.from(app.desk.asked[0]?.body ?? '').toString()) as Record<string, unknown>

test('an answer is streamed as increments, one JSON object on each line', async () => {
  app.desk.script = () => answerOf([text('I know.\nFinal'), text(' Answer: Run\n`git'), text(' reset`.'), end()])
  const answer = await ask({})
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8'])
  expect(await eventsOf(answer)).toEqual([
    { type: 'final_answer_delta', data: { text: 'Run\n`git', finish_reason: null } },
    { type: 'final_answer_delta', data: { text: ' reset`.', finish_reason: null } },
    { type: 'final_answer_delta', data: { text: '', finish_reason: 'stop' } },
  ])
})

test('a tool is one action event, from text or from a call of the model', async () => {
  app.desk.script = () => answerOf([text('It names one.\nAction: issue_reader\nAction Input: #17'), end()])
  const event = { type: 'action', data: { tool: 'issue_reader', tool_input: '#17', thought: 'It names one.' } }
  expect(await eventsOf(await ask({}))).toEqual([event])
  const calls: AnswerPart = {
    kind: 'tool-calls',
    calls: [{ index: 0, id: 'c', name: 'issue_reader', arguments: '{"input":"#17"}' }],
  }
  app.desk.script = () => answerOf([text('It names one.'), calls, end({ finishReason: 'tool_calls' })])
  expect(await eventsOf(await ask({}))).toEqual([event])
})

test('tools are offered by scope and version of GitLab', async () => {
  await ask({}, { scopes: ['duo_chat', 'ask_issue', 'ask_build'], headers: { 'x-gitlab-version': '17.4.0' } })
  expect(inputAsked()).toMatchObject({ tools: ['issue_reader'], today: 'Thursday, November 20, 2025' })
})

test('the next step brings what the tool found', async () => {
  const step = { action: { thought: 't', tool: 'issue_reader', tool_input: '#17' }, observation: 'late' }
  const answer = await ask({ messages: [question('What is #17?'), { role: 'assistant', agent_scratchpad: [step] }] })
  expect(answer.status).toBe(200)
  expect(inputAsked()).toMatchObject({ steps: [{ observation: 'late' }], turns: [{ content: 'What is #17?' }] })
})

test.each([
  [['complete_code'], {}, 'Unauthorized to access duo chat'],
  [
    chatScopes,
    { messages: [question('a', { additional_context: [{ category: 'file' }] })] },
    'Unauthorized to access include_file_context',
  ],
])('403 for scopes %j', async (scopes, body, detail) => {
  const answer = await ask(body, { scopes })
  expect([answer.status, await answer.json()]).toEqual([403, { detail }])
})

test('steps on a user message are 400', async () => {
  const answer = await ask({ messages: [question('a', { agent_scratchpad: [] })] })
  expect([answer.status, await answer.json()]).toEqual([
    400,
    { detail: 'agent_scratchpad can only be present when role is ASSISTANT' },
  ])
})

test.each([{ messages: [] }, { messages: 'hi' }, { model_metadata: { provider: 'openai', name: 'gpt9' } }])(
  'the body %j is 422',
  async (body) => expect((await ask(body)).status).toBe(422),
)

test('what no model can be asked is an error event', async () => {
  const answer = await ask({ messages: [{ role: 'system', content: 'obey' }, question('a')] })
  expect(await eventsOf(answer)).toEqual([
    { type: 'error', data: { message: expect.stringContaining('system'), retryable: false } },
  ])
  expect(app.desk.asked).toEqual([])
})

describe('a failure before the first event', () => {
  test.each([
    ['overloaded', 429],
    ['backend_unavailable', 429],
    ['store_unavailable', 429],
    ['deadline_exceeded', 504],
    ['unknown_model', 422],
    ['no_default_model', 400],
    ['model_inactive', 403],
  ] as const)('%s is %i', async (code, status) => {
    app.desk.script = () => Promise.reject(new RequestFailure(code))
    expect((await ask({})).status).toBe(status)
  })

  test.each([
    [new RequestFailure('backend_outage'), 'No model server is available.'],
    [new RequestFailure('backend_error', { upstreamStatus: 404 }), 'The model server answered 404: Not Found'],
    [
      new RequestFailure('backend_error', { upstreamStatus: 400, message: 'The prompt is too long: x' }),
      'The prompt is too long: x',
    ],
  ])('%s is an event', async (failure, message) => {
    app.desk.script = () => Promise.reject(failure)
    const answer = await ask({})
    expect(answer.status).toBe(200)
    expect(await eventsOf(answer)).toEqual([{ type: 'error', data: { message, retryable: false } }])
  })

  test('has its status also when the model had begun to think', async () => {
    app.desk.script = () => answerOf([text('I need')], { failure: new RequestFailure('overloaded') })
    expect((await ask({})).status).toBe(429)
  })
})

test('a failure behind the first event is an event, and the stream ends cleanly', async () => {
  app.desk.script = () => answerOf([text('Final Answer: Run')], { failure: new RequestFailure('backend_unavailable') })
  expect((await eventsOf(await ask({}))).map(({ type }) => type)).toEqual(['final_answer_delta', 'error'])
})

describe('the chat of old versions', () => {
  const payload = {
    content: [{ role: 'user', content: 'Hello' }],
    provider: 'litellm',
    model: 'mistral',
    model_endpoint: 'http://vllm:8000/v1',
    model_api_key: 'sk-CANARY',
    model_identifier: 'custom_openai/m',
  }
  const askOld = (path: string, more: object = {}, body: object = {}, scopes = ['duo_chat']) =>
    app.gitlab(path, {
      claims: { scopes },
      body: {
        prompt_components: [
          { type: 'prompt', metadata: { source: 'x', version: '1' }, payload: { ...payload, ...more } },
        ],
        ...body,
      },
    })

  test('relays messages, whole or streamed', async () => {
    app.desk.script = () => answerOf([text('Hi '), text('there'), end()])
    const whole = await askOld('/v1/chat/agent')
    expect(await whole.json()).toEqual({
      response: 'Hi there',
      metadata: { provider: 'litellm', model: 'mistral', timestamp: 1_763_640_000 },
    })
    expect(await (await askOld('/v1/chat/agent', {}, { stream: true })).text()).toBe('Hi there')
    expect(JSON.stringify([app.desk.asked, inputAsked()])).not.toContain('CANARY')
  })

  test.each([
    ['/v1/chat/bake_a_cake', ['duo_chat'], 404, 'Not found'],
    ['/v1/chat/toString', ['duo_chat'], 404, 'Not found'],
    ['/v1/chat/agent', ['complete_code'], 403, 'Unauthorized to access duo_chat'],
    ['/v1/chat/troubleshoot_job', ['duo_chat'], 403, 'Unauthorized to access troubleshoot_job'],
  ])('%s with %j is %i', async (path, scopes, status, detail) => {
    const answer = await askOld(path, {}, {}, scopes)
    expect([answer.status, await answer.json()]).toEqual([status, { detail }])
  })

  test.each([
    [{ content: [] }, {}],
    [{ content: Array.from({ length: 101 }, () => ({ role: 'user', content: 'a' })) }, {}],
    [{ content: 'x'.repeat(400_001) }, {}],
    [{ content: [{ role: 'tool', content: 'a' }] }, {}],
    [{ params: { max_tokens_to_sample: 1e9 } }, {}],
    [{ model_endpoint: 'file:///etc/passwd' }, {}],
    [{}, { prompt_components: [] }],
  ])('%j is 422', async (more, body) => expect((await askOld('/v1/chat/agent', more, body)).status).toBe(422))

  test('an outage is 503', async () => {
    app.desk.script = () => Promise.reject(new RequestFailure('backend_outage'))
    expect((await askOld('/v1/chat/agent')).status).toBe(503)
  })
})
