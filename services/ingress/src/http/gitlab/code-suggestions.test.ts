import { RequestFailure } from '@penstock/contracts'
import { createParser } from 'eventsource-parser'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { answerOf, end, startTestApp, text } from '../http-app.fixture.ts'
import type { TestApp } from '../http-app.fixture.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
beforeEach(() => {
  app.desk.asked.length = 0
  app.desk.script = () => answerOf([text('def f():\n    re'), text('turn 1\n'), end()], { family: 'claude_3' })
})

const payload = (over: object = {}): object => ({
  file_name: 'loader.py',
  content_above_cursor: '# read a file\n',
  content_below_cursor: '',
  language_identifier: 'Python',
  stream: false,
  prompt_id: 'code_suggestions/generations',
  prompt_version: '^2.0.1',
  prompt_enhancer: {
    examples_array: [{ example: '# add\n{{cursor}}', response: '<new_code>def add(): pass', trigger_type: 'comment' }],
    trimmed_content_above_cursor: '# read a file\n',
    trimmed_content_below_cursor: '',
    related_files: ['<file_content file_name="a.py">x</file_content>'],
    related_snippets: [],
    libraries: ['pandas'],
    user_instruction: 'Read a file.',
  },
  ...over,
})
const metadata = {
  provider: 'openai',
  name: 'claude_3',
  endpoint: 'http://vllm:8000/v1',
  identifier: 'custom_openai/m',
}
const generation = (over: object = {}, body: object = {}): object => ({
  prompt_components: [{ type: 'code_editor_generation', payload: payload(over) }],
  model_metadata: metadata,
  current_file: { file_name: 'loader.py' },
  intent: 'generation',
  ...body,
})
const completion = (over: object = {}, ...others: object[]): object => ({
  prompt_components: [
    {
      type: 'code_editor_completion',
      payload: { file_name: 'a.go', content_above_cursor: 'return ', content_below_cursor: '\n}\n', ...over },
    },
    ...others,
  ],
  model_metadata: { ...metadata, name: 'deepseekcoder' },
})
const ask = (path: string, body: object, scopes = ['generate_code', 'complete_code'], headers = {}) =>
  app.gitlab(path, { body, claims: { scopes }, headers: { 'x-gitlab-enabled-feature-flags': 'a', ...headers } })
const v3 = '/v3/code/completions'
const v4 = '/v4/code/suggestions'
const inputOf = (index = 0) => JSON.parse(Buffer.from(app.desk.asked[index]?.body ?? '').toString()) as never

describe.each([v3, v4])('%s', (path) => {
  it('answers a generation with its JSON', async () => {
    const response = await ask(path, generation())
    const model = { engine: 'agent', name: 'Code Generations', lang: 'python' }
    expect([response.status, await response.json()]).toEqual([
      200,
      {
        choices: [{ text: 'def f():\n    return 1\n', index: 0, finish_reason: 'length' }],
        metadata: { model, timestamp: 1_763_640_000, enabled_feature_flags: ['a'], region: null },
        model,
      },
    ])
    expect(app.desk.asked[0]).toMatchObject({
      feature: 'code-generation',
      model: { kind: 'metadata', family: 'claude_3', endpoint: 'http://vllm:8000/v1', identifier: 'custom_openai/m' },
    })
    expect(inputOf()).toMatchObject({ instruction: 'Read a file.', libraries: ['pandas'], messages: null })
  })

  it('answers a completion, with context of language servers from 7.17.1 on', async () => {
    app.desk.script = () => answerOf([text('a + b'), end()], { family: 'deepseekcoder' })
    const context = { type: 'code_context', payload: { type: 'file', name: 'sub.go', content: 'func sub()' } }
    for (const version of ['7.17.0', '7.17.1', '8.0.0', 'x', '']) {
      await ask(path, completion({}, context), undefined, { 'x-gitlab-language-server-version': version })
    }
    expect([0, 1, 2, 3, 4].map((index) => (inputOf(index) as { context: string[] }).context.length)).toEqual([
      0, 1, 1, 0, 0,
    ])
    const model = { engine: 'openai', name: 'deepseekcoder', lang: 'go' }
    expect(await (await ask(path, completion())).json()).toMatchObject({ choices: [{ text: 'a + b' }], model })
  })

  it('has no choice for an empty answer', async () => {
    for (const answer of ['', ' \n', 'UNABLE_TO_GENERATE', "I'm sorry, I cannot help with that."]) {
      app.desk.script = () => answerOf([text(answer), end()])
      expect(await (await ask(path, generation())).json()).toMatchObject({ choices: [] })
    }
  })

  it('lets a reader of a stream know that the model thinks, and shows no thought', async () => {
    const textComes = Promise.withResolvers<void>()
    app.desk.script = () =>
      answerOf(
        (async function* () {
          yield { kind: 'reasoning', text: 'hm', tokens: 1 } as const
          await textComes.promise
          yield text('return 1')
          yield end()
        })(),
      )
    // The status line alone: Workhorse waits 55 s for it, and then as long as it takes.
    const response = await ask(path, generation({ stream: true }))
    expect(response.status).toBe(200)
    textComes.resolve()
    const body = await response.text()
    expect(body).toContain('return 1')
    expect(body).not.toContain('hm')
    await ask(path, generation({ stream: false }))
    await ask(path, completion({ stream: true }))
    expect(app.desk.asked.map(({ reasoning, whole }) => [reasoning, whole])).toEqual([
      ['told', false],
      ['hidden', true],
      ['hidden', false],
    ])
  })

  it('asks nobody for a completion in no known language', async () => {
    const response = await ask(path, completion({ file_name: 'LICENSE', stream: true }))
    expect(await response.json()).toMatchObject({ choices: [], model: { name: 'deepseekcoder', lang: '' } })
    expect(app.desk.asked).toEqual([])
  })

  it('cuts what is too long at the far ends and takes null below for nothing', async () => {
    const above = `${'a'.repeat(399_999)}Z`
    expect((await ask(path, completion({ content_above_cursor: above, content_below_cursor: null }))).status).toBe(200)
    const { prefix, suffix } = inputOf() as { prefix: string; suffix: string }
    expect([prefix.length, prefix.endsWith('Z'), suffix]).toEqual([100_000, true, ''])
  })

  it.each([
    ['a completion without its scope', completion(), ['generate_code'], {}],
    ['a generation without its scope', generation(), ['complete_code'], {}],
    ['no scope at all', generation(), [], {}],
  ])('refuses %s', async (_what, body, scopes) => {
    const response = await ask(path, body, scopes)
    expect([response.status, await response.json()]).toEqual([
      403,
      { detail: 'Unauthorized to access code suggestions' },
    ])
  })

  it('refuses completions, not generations, to tokens that the gateway issued', async () => {
    const own = { iss: 'gitlab-ai-gateway', sub: 'user-hash', scopes: ['complete_code', 'generate_code'] }
    expect((await app.gitlab(path, { body: completion(), claims: own })).status).toBe(403)
    expect((await app.gitlab(path, { body: generation(), claims: own })).status).toBe(200)
  })

  it.each([
    ['no component', generation({}, { prompt_components: [] })],
    [
      '101 components',
      generation({}, { prompt_components: Array(101).fill({ type: 'code_editor_generation', payload: payload() }) }),
    ],
    [
      'context first',
      { prompt_components: [{ type: 'code_context', payload: { type: 'file', name: 'a', content: 'b' } }] },
    ],
    ['an unknown type', { prompt_components: [{ type: 'poem', payload: {} }] }],
    ['a broken second component', completion({}, { type: 'code_context', payload: {} })],
    ['no file name', generation({ file_name: undefined })],
    ['a file name of 256 characters', generation({ file_name: 'x'.repeat(256) })],
    ['no text above', generation({ content_above_cursor: undefined })],
    ['another provider', generation({ model_provider: 'litellm' })],
    ['a prompt of 400 001 characters', generation({ prompt: 'x'.repeat(400_001) })],
    ['an enhancer that is no object', generation({ prompt_enhancer: 'x' })],
    [
      'a source of 256 characters',
      {
        prompt_components: [
          { type: 'code_editor_generation', payload: payload(), metadata: { source: 'x'.repeat(256) } },
        ],
      },
    ],
    ['settings that are none', generation({}, { model_metadata: { provider: 'openai', name: 'nope', endpoint: 'x' } })],
    ['settings that are a list', generation({}, { model_metadata: [] })],
  ])('refuses %s as invalid', async (_what, body) => {
    const response = await ask(path, body)
    expect([response.status, await response.json()]).toEqual([422, { detail: 'Validation error' }])
    expect(app.desk.asked).toEqual([])
  })

  it('takes settings that are null or absent for the default model', async () => {
    await ask(path, generation({}, { model_metadata: null }))
    await ask(path, generation({}, { model_metadata: undefined }))
    expect(app.desk.asked.map(({ model }) => model)).toEqual([{ kind: 'default' }, { kind: 'default' }])
  })
})

describe('a stream', () => {
  const sloppy = ['Here is the function:\n\n```py', 'thon\ndef f():\n  ', '  return 1\n``', '`\nThis returns one.']

  it('of v3 is the raw text', async () => {
    app.desk.script = () => answerOf([...sloppy.map(text), end()], { family: 'claude_3' })
    const response = await ask(v3, generation({ stream: true }))
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.has('x-streaming-format')).toBe(false)
    expect(await response.text()).toBe('def f():\n    return 1\n')
  })

  it('of v4 is events with CRLF: start, content, end', async () => {
    app.desk.script = () => answerOf([...sloppy.map(text), end()], { family: 'claude_3' })
    const response = await ask(v4, generation({ stream: true }))
    expect([response.headers.get('content-type'), response.headers.get('x-streaming-format')]).toEqual([
      'text/event-stream; charset=utf-8',
      'sse',
    ])
    const body = await response.text()
    expect(body.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
    const events: { event: string | undefined; data: unknown }[] = []
    createParser({ onEvent: ({ event, data }) => events.push({ event, data: JSON.parse(data) }) }).feed(body)
    const { model } = { model: { engine: 'agent', name: 'Code Generations' } }
    expect(events[0]).toEqual({
      event: 'stream_start',
      data: { metadata: { model, timestamp: 1_763_640_000, enabled_feature_flags: ['a'], region: 'self-hosted' } },
    })
    expect(events.at(-1)).toEqual({ event: 'stream_end', data: null })
    const content = events.slice(1, -1).map(({ event, data }) => {
      expect(event).toBe('content_chunk')
      return (data as { choices: { delta: { content: string } }[] }).choices[0]?.delta.content
    })
    expect(content.join('')).toBe('def f():\n    return 1\n')
  })

  it('of v4 without text still has its first and last event', async () => {
    app.desk.script = () => answerOf([end()])
    const body = await (await ask(v4, generation({ stream: true }))).text()
    expect(body.match(/event: \w+/g)).toEqual(['event: stream_start', 'event: stream_end'])
  })

  it.each([v3, v4])('of %s that fails on the way breaks off without an end', async (path) => {
    app.desk.script = () => answerOf([text('def f():\n    x\n')], { failure: new RequestFailure('cannot_continue') })
    let received = ''
    await expect(async () => {
      for await (const piece of (await ask(path, generation({ stream: true }))).body ?? [])
        received += Buffer.from(piece).toString()
    }).rejects.toThrow('terminated')
    expect(received).not.toContain('stream_end')
  })
})

describe('/v2/code/generations', () => {
  const legacy = (over: object = {}): object => ({
    prompt_version: 2,
    current_file: { file_name: 'p.py', content_above_cursor: '# primes', content_below_cursor: '' },
    prompt: 'Write primes.',
    prompt_id: 'code_suggestions/generations',
    model_provider: 'litellm',
    model_name: 'mistral',
    model_endpoint: 'http://vllm:8000/v1',
    ...over,
  })

  it('answers like completions, without token counts', async () => {
    const response = await ask('/v2/code/generations', legacy())
    expect([response.status, await response.json()]).toEqual([
      200,
      {
        id: 'id',
        model: {
          engine: 'agent',
          name: 'Code Generations',
          lang: 'python',
          tokens_consumption_metadata: null,
          region: null,
        },
        experiments: [],
        object: 'text_completion',
        created: 1_763_640_000,
        choices: [{ text: 'def f():\n    return 1\n', index: 0, finish_reason: 'length' }],
        metadata: { enabled_feature_flags: ['a'] },
      },
    ])
    expect(inputOf()).toMatchObject({ instruction: 'Write primes.', messages: null })
  })

  it('without a prompt id, or with messages, asks in the client’s own words', async () => {
    const response = await ask('/v2/code/generations', legacy({ prompt_id: null }))
    expect(await response.json()).toMatchObject({ choices: [{ text: '\ndef f():\n    return 1\n' }] })
    await ask('/v2/code/generations', legacy({ prompt_version: 3, prompt: [{ role: 'user', content: 'Hi' }] }))
    expect([inputOf(0), inputOf(1)]).toMatchObject([
      { messages: [{ role: 'user', content: 'Write primes.' }] },
      { messages: [{ role: 'user', content: 'Hi' }] },
    ])
  })

  it('streams raw text', async () => {
    expect(await (await ask('/v2/code/generations', legacy({ stream: true }))).text()).toBe('def f():\n    return 1\n')
  })

  it('needs its scope, a prompt for versions 2 and 3, and no token of ours', async () => {
    expect((await ask('/v2/code/generations', legacy(), ['complete_code'])).status).toBe(403)
    for (const over of [{ prompt: undefined }, { prompt_version: 3 }, { prompt_version: 3, prompt: [] }])
      expect((await ask('/v2/code/generations', legacy(over))).status).toBe(422)
    const own = { iss: 'gitlab-ai-gateway', sub: 'user-hash', scopes: ['generate_code'] }
    expect((await app.gitlab('/v2/code/generations', { body: legacy(), claims: own })).status).toBe(403)
  })
})
