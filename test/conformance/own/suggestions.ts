import type { Fixture, FixtureResponse } from '../load-fixture.ts'
import {
  byDefault,
  call,
  detail,
  events,
  failures,
  fixture,
  gitlab,
  invalid,
  json,
  model,
  ownEndpoint,
  rawStream,
  streamed,
  whole,
} from './parts.ts'
import type { Row } from './parts.ts'

/** `/v3/code/completions` and `/v4/code/suggestions` (contract http §8.4). */

type Json = Record<string, unknown>

const component = (type: string, payload: Json): Json => ({
  type,
  payload: {
    file_name: 'loader.py',
    content_above_cursor: '# add two numbers\n',
    content_below_cursor: '',
    language_identifier: 'Python',
    ...payload,
  },
})
const enhancer = {
  examples_array: [],
  trimmed_content_above_cursor: '# add two numbers\n',
  trimmed_content_below_cursor: '',
  related_files: [],
  related_snippets: [],
  libraries: [],
  user_instruction: 'Write the function.',
}
const generation = (payload: Json = {}): Json =>
  component('code_editor_generation', {
    stream: false,
    prompt_id: 'code_suggestions/generations',
    prompt_version: '^1.0.0',
    prompt_enhancer: enhancer,
    ...payload,
  })
const completion = (payload: Json = {}): Json =>
  component('code_editor_completion', { language_identifier: 'python', ...payload })
const context = { type: 'code_context', payload: { type: 'file', name: 'r.py', content: 'RATE = 7' } }
const body = (components: readonly Json[], more: Json = {}): Json => ({
  prompt_components: components,
  model_metadata: model(),
  ...more,
})

const agent = { engine: 'agent', name: '<prompt name>', lang: 'python' }
const completing = { engine: 'openai', name: 'claude_3', lang: 'python' }
const answer = (text: string, named: Json = agent): FixtureResponse =>
  json(200, {
    choices: text === '' ? [] : [{ text, index: 0, finish_reason: 'length' }],
    metadata: { model: named, timestamp: '<instant>', enabled_feature_flags: [''], region: '<region>' },
    model: named,
  })
const started = (named: Json): { event: string; data: unknown } => ({
  event: 'stream_start',
  data: { metadata: { model: named, timestamp: '<instant>', enabled_feature_flags: [''] } },
})
const chunk = (content: string) => ({ event: 'content_chunk', data: { choices: [{ delta: { content }, index: 0 }] } })
const ended = { event: 'stream_end', data: null }
const agentStream = { engine: 'agent', name: '<prompt name>' }

const v3 = (name: string, section: string, row: Partial<Row> & Pick<Row, 'response'>): Fixture =>
  fixture(`v3-${name}`, section, {
    auth: gitlab(['generate_code']),
    path: '/v3/code/completions',
    body: body([generation()]),
    ...row,
  })
const v4 = (name: string, section: string, row: Partial<Row> & Pick<Row, 'response'>): Fixture =>
  fixture(`v4-${name}`, section, {
    auth: gitlab(['generate_code']),
    path: '/v4/code/suggestions',
    body: body([generation()]),
    volatile: ['events[0].data.metadata.region', 'chunk boundaries'],
    ...row,
  })
const good = { backend: call(whole('def add(): ...')), response: answer('def add(): ...') }
const mayComplete = gitlab(['complete_code'])

const whole3: Fixture[] = [
  v3('stream', '8.4.3', {
    body: body([generation({ stream: true })]),
    backend: call(streamed('def add(a, b):\n', '    return a', ' + b\n')),
    response: rawStream('def add(a, b):\n    return a + b\n'),
  }),
  v3('completion-stream', '8.4.3', {
    auth: mayComplete,
    body: body([completion({ stream: true })]),
    backend: call(streamed('x =', ' 1')),
    response: rawStream('x = 1'),
  }),
  v3('fences', '8.8.2', {
    backend: call(whole('```python\ndef add(a, b):\n    return a + b\n```')),
    response: answer('def add(a, b):\n    return a + b\n'),
  }),
  v3('blank', '8.4.2', { backend: call(whole('  \n')), response: answer('') }),
  v3('null-below', '8.4.1', {
    body: body([generation({ content_below_cursor: null })]),
    ...good,
    notes: ['DECISION fixture: null is empty'],
  }),
  v3('long-above', '8.4.1', {
    body: body([generation({ content_above_cursor: '# a\n'.repeat(100_000) })]),
    ...good,
    notes: ['DECISION fixture: cut, not refused'],
  }),
  v3('other-version', '8.4.1', {
    body: body([generation({ prompt_version: '2.0.2' })]),
    ...good,
    notes: ['DECISION fixture: upstream 500'],
  }),
  v3('enhancer', '8.4.5', {
    body: body([
      generation({
        prompt_enhancer: {
          examples_array: [{ example: 'before {{cursor}} after', response: '<new_code>x = 1' }],
          trimmed_content_above_cursor: '# add\n',
          trimmed_content_below_cursor: 'tail()\n',
          related_files: ['<file_content file_name="io.py">\nimport csv\n</file_content>\n'],
          related_snippets: ['<snippet_content name="s">\nsnip = 2\n</snippet_content>\n'],
          libraries: ['pandas'],
          user_instruction: 'Use a lambda.',
        },
      }),
    ]),
    backend: call(whole('def add(): ...'), { says: ['Use a lambda.', 'import csv', 'snip = 2', 'pandas', 'tail()'] }),
    response: good.response,
  }),
  v3('unassigned', '6.4', {
    body: body([generation()], { model_metadata: undefined }),
    backend: call(whole('def add(): ...'), { body: byDefault }),
    response: good.response,
  }),
  v3('403', '5', { auth: gitlab(['duo_chat']), response: detail(403, 'Unauthorized to access code suggestions') }),
]

const families: Fixture[] = Object.entries({
  mistral: { temperature: 0.95, max_tokens: 256 },
  mixtral: { temperature: 0, max_tokens: 4096 },
  codestral: { temperature: 0.3, max_tokens: 256 },
  llama3: { temperature: 0, max_tokens: 256 },
  gpt: { temperature: 1, max_tokens: 512 },
  codegemma: { temperature: 0.95, max_tokens: 512 },
  codellama: { temperature: 0.95, max_tokens: 256 },
  deepseekcoder: { temperature: 0.95, max_tokens: 512 },
  general: { temperature: 0.2, max_tokens: 2048 },
}).map(([name, asks]) =>
  v4(`family-${name}`, '8.4.5', {
    body: body([generation()], { model_metadata: model(name) }),
    backend: call(whole('def add(): ...'), { body: asks, says: ['Write the function.'] }),
    response: good.response,
  }),
)

const streams: Fixture[] = [
  v4('stream-empty', '8.4.4', {
    body: body([generation({ stream: true })]),
    backend: call(streamed()),
    response: events(started(agentStream), ended),
    notes: ['one start and one end, also for nothing'],
  }),
  v4('stream-fences', '8.4.4', {
    body: body([generation({ stream: true })]),
    backend: call(streamed('```py', 'thon\nx =', ' 1\n', '```')),
    response: events(started(agentStream), chunk('x = 1\n'), ended),
  }),
  v4('completion-stream', '8.4.4', {
    auth: mayComplete,
    body: body([completion({ stream: true })]),
    backend: call(streamed('x =', ' 1')),
    response: events(started({ engine: 'openai', name: 'claude_3' }), chunk('x = 1'), ended),
  }),
  v4('prefix', '1', { path: '/ai/v4/code/suggestions', ...good }),
  v4('context', '8.4.5', {
    auth: mayComplete,
    headers: { 'X-Gitlab-Language-Server-Version': '7.17.1' },
    body: body([completion(), context]),
    backend: call(whole('x = 1'), { says: ['RATE = 7'] }),
    response: answer('x = 1', completing),
  }),
  ...failures.map(({ name, reply, code }) => {
    const at = ownEndpoint(`suggestion-${name}`)
    return v4(`model-server-${name}`, '2.6', {
      body: body([generation({ stream: true })], { model_metadata: model('claude_3', { endpoint: at }) }),
      backend: call(reply, { at }),
      response: code,
      notes: ['DECISION fixture: no status line before the first token'],
    })
  }),
]

const refusals: Fixture[] = [
  v4('completion-403', '5', {
    body: body([completion()]),
    response: detail(403, 'Unauthorized to access code suggestions'),
  }),
  ...Object.entries({
    'context-first': body([context, generation()]),
    'no-components': body([]),
    '101-components': body([generation(), ...Array.from({ length: 100 }, () => context)]),
    'unknown-type': body([component('code_editor_magic', {})]),
    'unknown-provider': body([generation({ model_provider: 'litellm' })]),
    'file-name-too-long': body([generation({ file_name: 'a'.repeat(256) })]),
    'context-too-long': body([
      generation(),
      { ...context, payload: { ...context.payload, content: 'c'.repeat(100_001) } },
    ]),
    'metadata-without-provider': body([generation()], { model_metadata: { name: 'claude_3' } }),
  }).map(([name, refused]) => v4(`${name}-422`, '8.4.1', { body: refused, response: invalid })),
]

export const suggestions: Fixture[] = [...whole3, ...families, ...streams, ...refusals]
