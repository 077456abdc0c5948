import type { Fixture, FixtureResponse } from '../load-fixture.ts'
import {
  anyText,
  byDefault,
  call,
  detail,
  editor,
  endpoint,
  failures,
  fixture,
  flatModel,
  gitlab,
  invalid,
  json,
  ownEndpoint,
  rawStream,
  streamed,
  whole,
} from './parts.ts'
import type { Row } from './parts.ts'

/** `/v2/code/completions`, its alias, and `/v2/code/generations` (contract http §8.1, §8.2). */

type Json = Record<string, unknown>

const file = (more: Json = {}): Json => ({
  file_name: 'stats.py',
  language_identifier: 'python',
  content_above_cursor: 'def mean(values):\n    return ',
  content_below_cursor: '\n\nmain()\n',
  ...more,
})
const body = (more: Json = {}): Json => ({
  prompt_version: 2,
  prompt: null,
  current_file: file(),
  ...flatModel(),
  ...more,
})

const answer = (text: string, more: Json = {}, flags: readonly string[] = ['']): FixtureResponse =>
  json(200, {
    id: 'id',
    model: {
      engine: 'litellm',
      name: 'mistral',
      lang: 'python',
      tokens_consumption_metadata: text === '' ? null : '<numbers>',
      region: '<region>',
      ...more,
    },
    experiments: [],
    object: 'text_completion',
    created: '<instant>',
    choices: text === '' ? [] : [{ text, index: 0, finish_reason: 'length' }],
    metadata: { enabled_feature_flags: flags },
  })

const good = { backend: call(whole('sum(values)')), response: answer('sum(values)') }
const v2 = (name: string, section: string, row: Partial<Row> & Pick<Row, 'response'>): Fixture =>
  fixture(`v2-${name}`, section, {
    auth: gitlab(['complete_code']),
    path: '/v2/code/completions',
    body: body(),
    ...row,
  })

const refusals: Fixture[] = [
  ...Object.entries({
    'version-4': body({ prompt_version: 4 }),
    'unknown-provider': body({ model_provider: 'nobody' }),
    'unknown-model': body({ model_name: 'nobody' }),
    'model-name-too-long': body({ model_name: 'm'.repeat(51) }),
    'file-name-missing': body({ current_file: file({ file_name: undefined }) }),
    'file-name-too-long': body({ current_file: file({ file_name: 'a'.repeat(256) }) }),
    'above-too-long': body({ current_file: file({ content_above_cursor: 'a'.repeat(100_001) }) }),
    'below-missing': body({ current_file: file({ content_below_cursor: undefined }) }),
    'context-101': body({ context: Array.from({ length: 101 }, () => ({ type: 'file', name: 'n', content: 'c' })) }),
    'telemetry-11': body({ telemetry: Array.from({ length: 11 }, () => ({ requests: 1, accepts: 1, errors: 0 })) }),
  }).map(([name, refused]) => v2(`${name}-422`, '8.1.1', { body: refused, response: invalid })),
  v2('endpoint-no-url-422', '2.5', {
    body: body({ model_endpoint: 'not a url' }),
    response: json(422, { detail: anyText }),
  }),
  v2('key-too-long-422', '2.5', {
    body: body({ model_api_key: 'k'.repeat(2001) }),
    response: json(422, { detail: anyText }),
  }),
]

const accepted: Fixture[] = [
  v2('version-absent', '8.1.1', {
    body: body({ prompt_version: undefined }),
    ...good,
    notes: ['DECISION fixture: absent is 1'],
  }),
  v2('version-3', '8.1.1', { body: body({ prompt_version: 3 }), ...good }),
  v2('longest-above', '15', {
    body: body({ current_file: file({ content_above_cursor: `${'# a\n'.repeat(24_999)}x = ` }) }),
    ...good,
  }),
  v2('unknown-keys', '8.1.1', {
    body: body({
      intent: 'completion',
      generation_type: null,
      user_instruction: '',
      metadata: {},
      model_metadata: null,
      later: [1],
      current_file: file({ extra: true }),
    }),
    ...good,
  }),
  v2('context', '8.1.3', {
    body: body({ context: [{ type: 'file', name: 'a.py', content: 'RATE = 7' }] }),
    backend: call(whole('sum(values)'), { says: ['RATE = 7', 'def mean(values)'] }),
    response: answer('sum(values)'),
  }),
  v2('no-language', '8.1.3', {
    body: body({ stream: true, current_file: file({ file_name: 'Makefile', language_identifier: null }) }),
    response: answer('', { lang: '' }),
    notes: ['no call, and JSON even for a stream'],
  }),
  v2('language-by-editor', '8.1.3', {
    body: body({ current_file: file({ file_name: 'script', language_identifier: 'javascriptreact' }) }),
    backend: call(whole('sum(values)')),
    response: answer('sum(values)', { lang: 'js' }),
  }),
  v2('flags-missing', '3', {
    headers: { 'x-gitlab-enabled-feature-flags': null },
    backend: good.backend,
    response: answer('sum(values)', {}, []),
    notes: ['an empty header yields [""]'],
  }),
  v2('stream', '8.1.5', {
    body: body({ stream: true }),
    backend: call(streamed('sum(', 'values)')),
    response: rawStream('sum(values)'),
  }),
  v2('editor-token', '13', {
    auth: editor(['complete_code']),
    path: '/v2/completions',
    body: { prompt_version: 1, current_file: file() },
    backend: call(whole('sum(values)'), { body: byDefault }),
    response: answer('sum(values)', { engine: '<free>', name: '<free>' }),
    notes: ['a direct connection names no model'],
  }),
  v2('unassigned', '8.1.1', {
    body: { prompt_version: 1, current_file: file(), model_provider: 'fireworks_ai', model_name: 'codestral-2501' },
    backend: call(whole('sum(values)'), { body: byDefault }),
    response: answer('sum(values)', { engine: '<free>', name: '<free>' }),
    notes: ["DECISION fixture: the operator's default model"],
  }),
]

const tidied: Fixture[] = [
  v2('fences', '8.8.1', {
    backend: call(whole('```python\nsum(values)<|cursor|>\n```')),
    response: answer('sum(values)'),
    notes: ['DECISION fixture: fences and markers go'],
  }),
  v2('blank', '8.8.1', { backend: call(whole(' \n\t')), response: answer('') }),
  v2('suffix-overlap', '8.8.1', {
    backend: call(whole('sum(values)\n\nmain()\n')),
    response: answer('sum(values)'),
    notes: ['DECISION fixture: what stands below the cursor is not repeated'],
  }),
  v2('stream-marker', '8.8.1', {
    body: body({ stream: true }),
    backend: call(streamed('sum(', 'values)', '<|cursor|>')),
    response: rawStream('sum(values)'),
  }),
]

const cursor = file({ content_above_cursor: 'a = ', content_below_cursor: '\nb = 2\n' })
const families: Fixture[] = [
  {
    name: 'codegemma',
    says: '<|fim_prefix|>a = <|fim_suffix|>\nb = 2\n<|fim_middle|>',
    asks: {
      temperature: 0.95,
      max_tokens: 128,
      stop: ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>', '<|file_separator|>'],
    },
  },
  {
    name: 'codellama',
    says: '<PRE> a =  <SUF> \nb = 2\n <MID>',
    asks: { temperature: 0.95, max_tokens: 128, stop: ['<PRE>', '<SUF>', '<MID>', '<EOT>'] },
  },
  {
    name: 'deepseekcoder',
    says: '<｜fim▁begin｜>a = <｜fim▁hole｜>\nb = 2\n<｜fim▁end｜>',
    asks: { temperature: 0, max_tokens: 128 },
  },
  {
    name: 'mixtral',
    says: '<s>[SUFFIX]\nb = 2\n[PREFIX]a = ',
    asks: { temperature: 0, max_tokens: 64, stop: ['[INST]', '[/INST]', '[PREFIX]', '[MIDDLE]', '[SUFFIX]'] },
  },
  { name: 'llama3', says: 'a = ', asks: { temperature: 0, max_tokens: 64 } },
  { name: 'gpt', says: 'b = 2', asks: { max_tokens: 64 } },
  { name: 'claude_3', says: 'stats.py', asks: { temperature: 0, max_tokens: 128 } },
  { name: 'gemini', says: 'stats.py', asks: { temperature: 1, max_tokens: 128 } },
  { name: 'qwen', says: 'stats.py', asks: { temperature: 0, max_tokens: 128 } },
].map(({ name, says, asks }) =>
  v2(`family-${name}`, '8.1.4', {
    body: body({ ...flatModel(name), current_file: cursor }),
    backend: call(whole('1'), { body: asks, says: [says] }),
    response: answer('1', { name }),
  }),
)

const text = { id: 'cmpl-1', object: 'text_completion', created: 1_763_640_000, model: 'house-coder-32b' }
const models: Fixture[] = [
  v2('mixtral-underscore', '7.4', {
    body: body(flatModel('mixtral')),
    backend: call(whole('my\\_sum(values)')),
    response: answer('my_sum(values)', { name: 'mixtral' }),
  }),
  v2('text-completion', '7.1', {
    body: body(flatModel('codegemma', { model_identifier: 'text-completion-openai/house-coder-32b' })),
    backend: call(
      { body: { ...text, choices: [{ index: 0, text: 'sum(values)', finish_reason: 'stop' }] } },
      { path: '/completions', body: { max_tokens: 128 }, says: ['<|fim_prefix|>def mean(values)'] },
    ),
    response: answer('sum(values)', { name: 'codegemma' }),
  }),
  v2('identifier-bare', '7.1', { body: body(flatModel('mistral', { model_identifier: 'house-coder-32b' })), ...good }),
  v2('identifier-deep', '7.1', {
    body: body(flatModel('mistral', { model_identifier: 'custom_openai/org/house' })),
    backend: call(whole('sum(values)'), { body: { model: 'org/house' } }),
    response: good.response,
  }),
  v2('identifier-empty', '7.1', {
    body: body(flatModel('mistral', { model_identifier: '', model_endpoint: ownEndpoint('bare') })),
    backend: call(whole('sum(values)'), { at: ownEndpoint('bare'), body: { model: 'mistral' } }),
    response: good.response,
    notes: ['DECISION fixture: the family is the model'],
  }),
  v2('no-key', '7.2', {
    body: body(flatModel('mistral', { model_endpoint: ownEndpoint('open'), model_api_key: undefined })),
    backend: call(whole('sum(values)'), { at: ownEndpoint('open'), key: null }),
    response: good.response,
  }),
  v2('endpoint-trailing-slash', '6.1', {
    body: body(flatModel('mistral', { model_endpoint: `${endpoint}/` })),
    ...good,
  }),
  v2('endpoint-with-prefix', '6.1', {
    body: body(flatModel('mistral', { model_endpoint: 'https://models.example.test/team/a/v1' })),
    backend: call(whole('sum(values)'), { at: 'https://models.example.test/team/a/v1' }),
    response: good.response,
  }),
  ...failures.map(({ name, reply, code }) => {
    const at = ownEndpoint(`completion-${name}`)
    return v2(`model-server-${name}`, '7.5', {
      body: body(flatModel('mistral', { model_endpoint: at })),
      backend: call(reply, { at }),
      response: code,
    })
  }),
]

const asked = (more: Json = {}): Json => ({
  prompt_version: 2,
  current_file: { file_name: 'primes.py', content_above_cursor: '# list primes below n\n', content_below_cursor: '' },
  prompt: 'Write a function listing all primes below n.',
  ...flatModel(),
  ...more,
})
const generation = (name: string, row: Partial<Row> & Pick<Row, 'response'>): Fixture =>
  fixture(`generations-${name}`, '8.2', {
    auth: gitlab(['generate_code']),
    path: '/v2/code/generations',
    body: asked(),
    ...row,
  })
const generated = answer('def primes(n): ...', { engine: '<free>', name: '<free>', tokens_consumption_metadata: null })

const generations: Fixture[] = [
  generation('messages', {
    body: asked({
      prompt_version: 3,
      prompt: [
        { role: 'system', content: 'Only code.' },
        { role: 'user', content: 'Primes below n.' },
      ],
    }),
    backend: call(whole('def primes(n): ...'), { says: ['Only code.', 'Primes below n.'] }),
    response: generated,
  }),
  generation('no-prompt-id', { backend: call(whole('def primes(n): ...')), response: generated }),
  generation('stream', {
    body: asked({ stream: true }),
    backend: call(streamed('```python\ndef a():\n', '    pass\n```')),
    response: rawStream('def a():\n    pass\n'),
  }),
  generation('no-prompt-422', { body: asked({ prompt: undefined }), response: invalid }),
  generation('403', {
    auth: gitlab(['complete_code']),
    response: detail(403, 'Unauthorized to access code generations'),
  }),
]

export const completions: Fixture[] = [...refusals, ...accepted, ...tidied, ...families, ...models, ...generations]
