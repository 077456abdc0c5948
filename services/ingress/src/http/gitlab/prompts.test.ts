import { RequestFailure } from '@penstock/contracts'
import { promptFeatures } from '@penstock/features'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { answerOf, end, startTestApp, text } from '../http-app.fixture.ts'
import type { TestApp } from '../http-app.fixture.ts'

let app: TestApp
beforeAll(async () => void (app = await startTestApp()))
afterAll(async () => app[Symbol.asyncDispose]())
beforeEach(() => {
  app.desk.asked.length = 0
  app.desk.script = () => answerOf([text('A message'), end()])
})

const claims = { scopes: ['generate_commit_message', 'explain_code', 'complete_code'] }
const ask = (path: string, body: object = {}, headers = {}) =>
  app.gitlab(path, { claims, headers, body: { inputs: { diff: '-a\n+b' }, prompt_version: '^1.0.0', ...body } })
const commitMessage = '/v1/prompts/generate_commit_message'

test('v1 answers a bare JSON string, v2 an object with the usage', async () => {
  const first = await ask(commitMessage)
  expect([first.headers.get('content-type'), await first.json()]).toEqual(['application/json', 'A message'])
  const second = await ask('/v2/prompts/generate_commit_message')
  expect(await second.json()).toEqual({
    content: 'A message',
    usage: { 'house/coder-32b': { input_tokens: 120, output_tokens: 9 } },
  })
})

test('v1 streams the text itself, v2 a JSON object on each line with the usage in the last', async () => {
  app.desk.script = () => answerOf([text('Adds '), text('numbers.'), end()])
  const body = {
    stream: true,
    inputs: { input: 'Explain', selected_text: 'a + b', file_content: '', language_info: '' },
  }
  const first = await ask('/v1/prompts/chat/explain_code', body)
  expect(first.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(await first.text()).toBe('Adds numbers.')
  const second = await ask('/v2/prompts/chat/explain_code', body)
  const lines = (await second.text()).split('\n')
  expect(lines.pop()).toBe('')
  const objects = lines.map((line) => JSON.parse(line) as { content: string; usage?: object })
  expect(objects.map(({ content }) => content).join('')).toBe('Adds numbers.')
  expect(objects.map(({ usage }) => usage !== undefined)).toEqual([...objects.slice(1).map(() => false), true])
})

test('an empty stream is a clean 200', async () => {
  app.desk.script = () => answerOf([end()])
  const answer = await ask(commitMessage, { stream: true })
  expect([answer.status, await answer.text()]).toEqual([200, ''])
})

test('whoever asks for no stream waits for the whole answer, and its time limits are those of one', async () => {
  for (const stream of [true, false]) await ask(commitMessage, { stream })
  expect(app.desk.asked.map(({ whole }) => whole)).toEqual([false, true])
})

test.each(['chat/explain_code', 'chat%2Fexplain_code', 'chat%2fexplain_code'])('the id may be spelt %s', async (id) => {
  const answer = await ask(`/v1/prompts/${id}`, { inputs: { input: 'x', selected_text: 'y' } })
  expect(answer.status).toBe(200)
  expect(app.desk.asked[0]?.feature).toBe('explain-code')
})

test.each(['^1.0.0', '1.2.0', '1.1.0-dev', '~1.2', '>=1,<3', '^2.0.0', '3.0.0', '2.*', '*', null])(
  'the version %s is answered',
  async (prompt_version) => expect((await ask(commitMessage, { prompt_version })).status).toBe(200),
)

test.each(['', 'latest', '^^1', '1.2.3.4.5', '1.0 or 2', `^${'1'.repeat(300)}`])(
  'the version %j is refused',
  async (prompt_version) => {
    const answer = await ask(commitMessage, { prompt_version })
    expect([400, 422]).toContain(answer.status)
    expect(app.desk.asked).toEqual([])
  },
)

test.each([
  ['/v1/prompts/no/such_prompt', 400, /^Failed to load prompt definition for 'no\/such_prompt'/],
  ['/v1/prompts/', 400, /^Failed to load prompt definition for ''/],
  ['/v1/prompts/workflow/planner', 400, /^Failed to load/],
  ['/v1/prompts/chat/react', 422, /^Prompt 'chat\/react' is not supported$/],
  ['/v1/prompts/resolve_vulnerability', 403, /^Unauthorized to access 'resolve_vulnerability'$/],
])('%s is %i', async (path, status, detail) => {
  const answer = await ask(path)
  expect(answer.status).toBe(status)
  expect(await answer.json()).toEqual({ detail: expect.stringMatching(detail) })
})

test.each([
  ['inputs that are no object', { inputs: [] }],
  ['no inputs', { inputs: undefined }],
  ['a stream that is no flag', { stream: 'yes' }],
  ['a version that is no text', { prompt_version: 1 }],
  [
    'metadata of an unknown family',
    { model_metadata: { provider: 'openai', name: 'gpt9', endpoint: 'http://vllm/v1' } },
  ],
  ['metadata that is a list', { model_metadata: [] }],
])('%s: 422, and only a verbose instance is told where', async (_what, body) => {
  const answer = await ask(commitMessage, body)
  expect([answer.status, await answer.json()]).toEqual([422, { detail: 'Validation error' }])
  const verbose = await ask(commitMessage, body, { 'x-gitlab-enabled-instance-verbose-ai-logs': 'true' })
  expect(await verbose.json()).toEqual({
    detail: expect.stringMatching(/^(inputs|stream|prompt_version|model_metadata)/),
  })
  expect(app.desk.asked).toEqual([])
})

test('missing inputs are named, unknown ones dropped, null ones empty', async () => {
  const missing = await ask(commitMessage, { inputs: { dif: 'x' } })
  expect([missing.status, await missing.json()]).toEqual([422, { detail: 'Missing prompt inputs: diff' }])
  const wrong = await ask(commitMessage, { inputs: { diff: { a: 1 } } })
  expect(await wrong.json()).toEqual({ detail: 'Prompt inputs of a wrong type: diff' })
  await ask(commitMessage, { inputs: { diff: null, more: 'x'.repeat(10) } })
  expect(JSON.parse(Buffer.from(app.desk.asked[0]?.body ?? '').toString())).toEqual({
    raw: false,
    inputs: { diff: '' },
  })
})

test('the model is the one of the metadata, without its key', async () => {
  const model_metadata = {
    provider: 'openai',
    name: 'mistral',
    endpoint: 'http://vllm:8000/v1/',
    api_key: 'sk-CANARY',
    identifier: 'text-completion-openai/m',
  }
  await ask(commitMessage, { model_metadata })
  expect(app.desk.asked[0]?.model).toEqual({
    kind: 'metadata',
    family: 'mistral',
    endpoint: 'http://vllm:8000/v1',
    identifier: 'text-completion-openai/m',
  })
  expect(JSON.stringify(app.desk.asked[0])).not.toContain('CANARY')
  expect(Buffer.from(app.desk.asked[0]?.body ?? '').toString()).toContain('"raw":true')
})

describe.each([false, true])('a failure before the first text, streamed: %s', (stream) => {
  test.each([
    ['backend_outage', {}, 421, { detail: '500: Internal Server Error' }, null],
    ['backend_error', { upstreamStatus: 401 }, 421, { detail: '401: Unauthorized' }, null],
    ['backend_error', { upstreamStatus: 404 }, 421, { detail: '404: Not Found' }, null],
    ['overloaded', { retryAfterMs: 2400 }, 429, { detail: 'Too many requests. Please try again later.' }, '3'],
    ['backend_unavailable', {}, 429, { detail: 'Too many requests. Please try again later.' }, '1'],
    ['deadline_exceeded', {}, 504, { detail: 'Inference timed out' }, null],
    ['no_default_model', { message: 'none configured' }, 400, { detail: 'none configured' }, null],
  ] as const)('%s %o is %i', async (code, detail, status, body, retryAfter) => {
    app.desk.script = () => Promise.reject(new RequestFailure(code, detail))
    const answer = await ask(commitMessage, { stream })
    expect([answer.status, await answer.json(), answer.headers.get('retry-after')]).toEqual([status, body, retryAfter])
  })

  test('that comes while a model still reasons has its own status', async () => {
    const reasoning = { kind: 'reasoning', text: 'hm', tokens: 1 } as const
    app.desk.script = () => answerOf([reasoning], { failure: new RequestFailure('backend_outage') })
    expect((await ask(commitMessage, { stream })).status).toBe(421)
  })
})

test('a stream that breaks off is cut, never ended', async () => {
  app.desk.script = () => answerOf([text('Adds ')], { failure: new RequestFailure('backend_outage') })
  const answer = await ask('/v1/prompts/chat/explain_code', {
    stream: true,
    inputs: { input: 'x', selected_text: 'y' },
  })
  await expect(answer.text()).rejects.toThrow(/terminated|aborted|closed/i)
})

test('reasoning is not part of an answer', async () => {
  app.desk.script = () => answerOf([text('<think>Well'), text('…</think>\n\nA mess'), text('age'), end()])
  expect(await (await ask(commitMessage)).json()).toBe('A message')
  expect(await (await ask(commitMessage, { stream: true })).text()).toBe('A message')
})

describe('the connection test', () => {
  const test_ = () => ask('/v1/prompts/model_configuration%2Fcheck', { inputs: {}, stream: false })

  test('succeeds with no text at all', async () => {
    app.desk.script = () => answerOf([end({ finishReason: 'length' })])
    const answer = await test_()
    expect([answer.status, await answer.json()]).toEqual([200, ''])
  })

  test('has the highest lane and less time than GitLab gives it', () => {
    const defaults = promptFeatures.get('model_configuration/check')?.defaults
    expect(defaults).toMatchObject({ lane: 'completion', firstByteMs: 2500 })
    expect(defaults?.totalMs).toBeLessThan(3000)
  })

  test.each([
    ['backend_outage', {}, 421, '500: Internal Server Error'],
    ['backend_unavailable', {}, 421, '500: Internal Server Error'],
    ['overloaded', { upstreamStatus: 503 }, 421, '429: Too Many Requests'],
    ['backend_error', { upstreamStatus: 401 }, 421, '401: Unauthorized'],
    ['deadline_exceeded', {}, 504, [{ msg: 'The model did not answer within 2.5 s' }]],
    ['unknown_model', { message: 'no such node' }, 422, [{ msg: 'no such node' }]],
  ] as const)('shows %s %o as %i', async (code, told, status, detail) => {
    app.desk.script = () => Promise.reject(new RequestFailure(code, told))
    const answer = await test_()
    expect([answer.status, await answer.json()]).toEqual([status, { detail }])
  })
})
