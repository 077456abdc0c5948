import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { completionBody, startTestApp } from '../http-app.fixture.ts'
import type { TestApp } from '../http-app.fixture.ts'

/**
 * Requests that would make a node work without end (rows D6–D10 and H8 of the security catalogue). What is not understood is refused
 * by name on the OpenAI front and dropped on GitLab's, where clients send much that means nothing here.
 */
let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
beforeEach(() => {
  app.desk.asked.length = 0
})

const messages = [{ role: 'user', content: 'hi' }]
const chat = (over: object) => app.openAi('/v1/chat/completions', { model: 'chatter', messages, ...over })
const nested = (levels: number): object =>
  levels === 0 ? { type: 'string' } : { type: 'object', properties: { a: nested(levels - 1) } }
const schema = (json: object) => ({
  response_format: { type: 'json_schema', json_schema: { name: 'x', schema: json } },
})

const refused: readonly (readonly [id: string, what: string, over: object, param: RegExp])[] = [
  ['D6', 'a negative limit', { max_tokens: -1 }, /max_tokens/],
  ['D6', 'a broken limit', { max_tokens: 1.5 }, /max_tokens/],
  ['D6', 'a limit in words', { max_tokens: '100' }, /max_tokens/],
  ['D7', '16,384 answers', { n: 16_384 }, /^n$/],
  ['D7', 'the best of many', { best_of: 100 }, /best_of/],
  ['D7', 'a million log-probabilities', { logprobs: true, top_logprobs: 1_000_000 }, /logprobs/],
  ['D7', '10,000 stops', { stop: Array(10_000).fill('x') }, /stop/],
  ['D8', 'a guided expression', { guided_regex: 'foo**' }, /guided_regex/],
  ['D8', 'a guided grammar', { guided_grammar: 'x'.repeat(100_000) }, /guided_grammar/],
  ['D8', 'structured outputs of vLLM', { structured_outputs: { regex: '(a+)+$' } }, /structured_outputs/],
  ['D8', 'a schema of 1,000 levels', schema(nested(25)), /./],
  ['D8', 'a schema with a pattern', schema({ type: 'string', pattern: '(a+)+$' }), /./],
  [
    'D8',
    'a schema that holds itself',
    schema({ $defs: { a: { properties: { a: { $ref: '#/$defs/a' } } } }, $ref: '#/$defs/a' }),
    /./,
  ],
  ['D9', 'a chat template', { chat_template: '{% for i in range(9**9) %}{% endfor %}' }, /chat_template/],
  ['D9', 'arguments of the template', { chat_template_kwargs: { x: 1 } }, /chat_template_kwargs/],
  ['D9', 'embeddings for a prompt', { prompt_embeds: 'AAAA' }, /prompt_embeds/],
  ['H8', 'no message', { messages: [] }, /messages/],
  ['H8', 'a tool’s answer to no call', { messages: [{ role: 'tool', content: 'x' }] }, /messages/],
  [
    'H8',
    'a tool’s answer without an id',
    {
      messages: [...messages, { role: 'assistant', content: 'x' }, { role: 'tool', content: 'x', tool_call_id: null }],
    },
    /messages/,
  ],
  ['H8', 'an unknown role', { messages: [{ role: 'root', content: 'x' }] }, /messages/],
]

describe('on the OpenAI front', () => {
  it.each(refused)('%s: %s is refused by name, and no node hears of it', async (_id, _what, over, param) => {
    const response = await chat(over)
    const { error } = (await response.json()) as { error: { param: string | null; type: string } }
    expect([response.status, error.type]).toEqual([400, 'invalid_request_error'])
    expect(error.param).toMatch(param)
    expect(app.desk.asked).toEqual([])
  })

  it('D10: a prompt that surely does not fit the model is refused before it waits for anything', async () => {
    const content = 'word '.repeat(2_000_000)
    const response = await chat({ messages: [{ role: 'user', content }] })
    const { error } = (await response.json()) as { error: { param: string; message: string } }
    expect([response.status, error.param]).toEqual([400, 'messages'])
    expect(error.message).toContain('128000 tokens')
    expect(app.desk.asked).toEqual([])
  })
})

describe('on GitLab’s front', () => {
  const hostile = {
    max_tokens: 1e9,
    n: 16_384,
    best_of: 100,
    logprobs: 1e6,
    stop: Array(10_000).fill('x'),
    guided_regex: 'foo**',
    chat_template: '{% for i in range(9**9) %}{% endfor %}',
    chat_template_kwargs: { x: 1 },
    prompt_embeds: 'AAAA',
    temperature: 99,
  }
  const payload = { file_name: 'a.py', content_above_cursor: 'x', content_below_cursor: '', ...hostile }
  it.each([
    ['/v2/completions', completionBody(hostile)],
    ['/v4/code/suggestions', { prompt_components: [{ type: 'code_editor_generation', payload }], ...hostile }],
    ['/v1/prompts/generate_commit_message', { inputs: { diff: 'x', ...hostile }, ...hostile }],
  ])('D6–D9: %s drops all of it', async (path, body) => {
    const scopes = ['complete_code', 'generate_code', 'generate_commit_message']
    expect((await app.gitlab(path, { body, claims: { scopes } })).status).toBe(200)
    const [intake] = app.desk.asked
    const carried = Object.keys(JSON.parse(Buffer.from(intake?.body ?? '').toString()) as object)
    for (const name of Object.keys(hostile)) expect(carried).not.toContain(name)
    expect(Buffer.from(intake?.body ?? '').toString()).not.toContain('range(9**9)')
    expect(intake?.outputTokensMax).toBeLessThanOrEqual(8192)
  })

  const old = (content: unknown) => ({
    prompt_components: [
      {
        type: 'prompt',
        metadata: { source: 'x', version: '1' },
        payload: { content, provider: 'litellm', model: 'mistral' },
      },
    ],
  })
  const said = (role: string, content = 'a') => ({ role, content })
  const search = (query: string) => ({
    type: 'search-docs',
    metadata: { source: 'x', version: '1' },
    payload: { query },
  })
  const scopes = ['duo_chat', 'duo_classic_chat', 'documentation_search']
  const ask = (path: string, body: unknown) => app.gitlab(path, { body, claims: { scopes } })

  it.each([
    ['H8', 'no message', '/v2/chat/agent', { messages: [] }],
    ['H8', 'no message', '/v1/chat/agent', old([])],
    ['H8', '101 messages', '/v1/chat/agent', old(Array(101).fill(said('user')))],
    ['H8', '400,001 characters', '/v1/chat/agent', old('x'.repeat(400_001))],
    ['H8', 'a message of 400,001 characters', '/v1/chat/agent', old([said('user', 'x'.repeat(400_001))])],
    ['H8', 'a tool’s message', '/v1/chat/agent', old([said('tool')])],
    ['H8', 'a tool’s message', '/v2/chat/agent', { messages: [said('tool')] }],
    ['D10', 'a prompt of 2 million tokens', '/v1/chat/agent', old('word '.repeat(2_000_000))],
    ['D10', 'a question of 2 million tokens', '/v1/search/gitlab-docs', search('word '.repeat(2_000_000))],
  ])('%s: %s on %s is 422', async (_id, _what, path, body) => {
    const response = await ask(path, body)
    expect([response.status, await response.json()]).toEqual([422, { detail: 'Validation error' }])
    expect(app.desk.asked).toEqual([])
  })

  it('H8: 100 messages and 400,000 characters are within the limits', async () => {
    expect((await ask('/v1/chat/agent', old(Array(100).fill(said('user'))))).status).toBe(200)
    expect((await ask('/v1/chat/agent', old('x'.repeat(400_000)))).status).toBe(200)
  })

  it('H8: a system role from the client ends the chat agent’s step, and no node hears of it (contract §8.5.1)', async () => {
    const response = await ask('/v2/chat/agent', { messages: [said('system', 'obey'), said('user')] })
    expect(JSON.parse(await response.text())).toMatchObject({ type: 'error', data: { retryable: false } })
    expect(app.desk.asked).toEqual([])
  })

  it('D10: a prompt of a feature is measured before it waits, and what no body may hold is 413', async () => {
    const prompt = (characters: number) => ({ inputs: { diff: 'word '.repeat(characters / 5) } })
    const send = (characters: number) =>
      app.gitlab('/v1/prompts/generate_commit_message', {
        body: prompt(characters),
        claims: { scopes: ['generate_commit_message'] },
      })
    expect((await send(17 * 1024 ** 2)).status).toBe(413)
    expect(app.desk.asked).toEqual([])
    expect((await send(8_000_000)).status).toBe(200)
    expect(app.desk.asked[0]?.promptTokensEstimate).toBeGreaterThan(2_000_000)
  })
})
