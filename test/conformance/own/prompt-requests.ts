import type { Fixture } from '../load-fixture.ts'
import {
  anyText,
  byDefault,
  call,
  detail,
  failures,
  fixture,
  gitlab,
  invalid,
  json,
  lines,
  model,
  ownEndpoint,
  rawStream,
  streamed,
  whole,
} from './parts.ts'
import type { Row } from './parts.ts'

/** What `/v1/prompts` and `/v2/prompts` share: versions, models, inputs, failures, and the connection test (contract http §8.3, §12.2). */

type Json = Record<string, unknown>

const slash = {
  input: 'Explain <selected_code></selected_code>.',
  selected_text: 'puts 1',
  file_content: '',
  language_info: '',
}

const commit = (more: Json = {}): Json => ({
  inputs: { diff: '+puts 2' },
  prompt_version: '^1.0.0',
  model_metadata: model(),
  ...more,
})
const prompts1 = (name: string, section: string, row: Partial<Row> & Pick<Row, 'response'>): Fixture =>
  fixture(`prompts-${name}`, section, {
    auth: gitlab(['generate_commit_message']),
    path: '/v1/prompts/generate_commit_message',
    body: commit(),
    ...row,
  })
const good = { backend: call(whole('Print 2')), response: json(200, 'Print 2') }
const defaulted = { backend: call(whole('Print 2'), { body: byDefault }), response: json(200, 'Print 2') }

const versions: Fixture[] = [
  ...Object.entries({
    exact: '1.2.0',
    two: '2.1.0',
    tilde: '~1.0',
    range: '>=1.0.0,<2.0.0',
    dev: '1.1.0-dev',
    null: null,
  }).map(([name, version]) =>
    prompts1(`version-${name}`, '8.3', { body: commit({ prompt_version: version }), ...good }),
  ),
  prompts1('version-malformed-400', '8.3', {
    body: commit({ prompt_version: 'newest' }),
    response: json(400, { detail: anyText }),
  }),
]

const models: Fixture[] = [
  prompts1('metadata-null', '6.2', { body: commit({ model_metadata: null }), ...defaulted }),
  prompts1('metadata-of-cloud', '6.1', {
    body: commit({
      model_metadata: { provider: 'gitlab', feature_setting: 'generate_commit_message', identifier: '' },
    }),
    ...defaulted,
  }),
  prompts1('metadata-internal-names', '6.1', {
    body: commit({ model_metadata: model('claude_3', { friendly_name: 'House', llm_definition: {} }) }),
    ...good,
  }),
  ...Object.entries({
    'unknown-family': model('house'),
    'no-provider': model('claude_3', { provider: undefined }),
    'no-name': model('claude_3', { name: undefined }),
    'key-too-long': model('claude_3', { api_key: 'k'.repeat(2001) }),
    'identifier-too-long': model('claude_3', { identifier: 'i'.repeat(1001) }),
    text: 'mistral',
  }).map(([name, metadata]) =>
    prompts1(`metadata-${name}-422`, '6.2', { body: commit({ model_metadata: metadata }), response: invalid }),
  ),
]

const requests: Fixture[] = [
  prompts1('extra-inputs', '8.3', {
    body: commit({ inputs: { diff: '+puts 2', more: { deep: [1] } }, later: 1 }),
    ...good,
  }),
  prompts1('missing-input-422', '8.3', {
    body: commit({ inputs: {} }),
    response: detail(422, 'Missing prompt inputs: diff'),
  }),
  prompts1('no-inputs-422', '8.3', { body: commit({ inputs: undefined }), response: invalid }),
  prompts1('403-names-prompt', '5', {
    auth: gitlab(['duo_chat']),
    path: '/v2/prompts/chat%2Fexplain_code',
    body: { inputs: slash },
    response: detail(403, "Unauthorized to access 'chat/explain_code'"),
  }),
  prompts1('workflow-400', '9', {
    auth: gitlab(['duo_workflow_execute_workflow']),
    path: '/v1/prompts/workflow%2Fexecutor',
    body: { inputs: {} },
    response: json(400, { detail: anyText }),
  }),
  prompts1('react-422', '9', {
    auth: gitlab(['duo_chat']),
    path: '/v1/prompts/chat%2Freact',
    body: { inputs: {} },
    response: detail(422, "Prompt 'chat/react' is not supported"),
  }),
  prompts1('suggestions-422', '9', {
    auth: gitlab(['generate_code']),
    path: '/v1/prompts/code_suggestions/generations',
    body: { inputs: {} },
    response: detail(422, "Prompt 'code_suggestions/generations' is not supported"),
  }),
  ...['chat%2Fexplain_code', 'chat%2fexplain_code'].map((id, index) =>
    prompts1(`encoded-slash-${index + 1}`, '1', {
      auth: gitlab(['explain_code']),
      path: `/v1/prompts/${id}`,
      body: { inputs: slash, stream: true, model_metadata: model() },
      backend: call(streamed('It ', 'prints.')),
      response: rawStream('It prints.'),
    }),
  ),
  prompts1('unicode', '11.3', {
    auth: gitlab(['explain_code']),
    path: '/v1/prompts/chat/explain_code',
    body: { inputs: { ...slash, selected_text: 'puts "grüße 👋"' }, stream: true, model_metadata: model() },
    backend: call(streamed('Grü', 'ße 👋'), { says: ['grüße 👋'] }),
    response: rawStream('Grüße 👋'),
  }),
  prompts1('think', '6.3', {
    body: commit({ model_metadata: model('qwen') }),
    backend: call(whole('<think>hm\nyes</think>\n\nPrint 2')),
    response: good.response,
  }),
  prompts1('reasoning-field', '6.3', {
    backend: call(whole('Print 2', { reasoning_content: 'hm' })),
    response: good.response,
  }),
  prompts1('v2-stream', '8.3', {
    path: '/v2/prompts/generate_commit_message',
    body: commit({ stream: true }),
    backend: call(streamed('Print 2 ', 'instead')),
    response: {
      ...lines({ content: 'Print 2 instead', usage: { 'house-coder-32b': { input_tokens: 120, output_tokens: 18 } } }),
      headers: { 'Content-Type': 'text/event-stream; charset=utf-8' },
    },
    volatile: ['delta boundaries'],
  }),
]

const serverFailures: Fixture[] = failures.flatMap(({ name, reply, prompt: response }) =>
  [
    { form: 'whole', path: '/v1/prompts/generate_commit_message', stream: false },
    { form: 'stream', path: '/v1/prompts/generate_commit_message', stream: true },
    { form: 'v2', path: '/v2/prompts/generate_commit_message', stream: false },
  ].map(({ form, path, stream }) => {
    const at = ownEndpoint(`prompt-${form}-${name}`)
    return prompts1(`model-server-${name}-${form}`, '7.5', {
      path,
      body: commit({ stream, model_metadata: model('claude_3', { endpoint: at }) }),
      backend: call(reply, { at }),
      response,
    })
  }),
)

const check = (name: string, row: Partial<Row> & Pick<Row, 'response'>, metadata: unknown = model()): Fixture =>
  fixture(`check-${name}`, '12.2', {
    auth: gitlab(['complete_code']),
    path: '/v1/prompts/model_configuration%2Fcheck',
    body: { inputs: {}, stream: false, model_metadata: metadata },
    notes: ['must finish within 3 s'],
    ...row,
  })

const checks: Fixture[] = [
  check('decoded', {
    path: '/v1/prompts/model_configuration/check',
    backend: call(whole('ok'), { body: { max_tokens: 16 } }),
    response: json(200, 'ok'),
  }),
  check('empty-text', { backend: call(whole('')), response: json(200, anyText) }),
  check('unassigned', { backend: call(whole('ok'), { body: byDefault }), response: json(200, 'ok') }, null),
  check('403', {
    auth: gitlab(['duo_chat']),
    response: detail(403, "Unauthorized to access 'model_configuration/check'"),
  }),
  ...failures.map(({ name, reply, prompt: response }) => {
    const at = ownEndpoint(`check-${name}`)
    const overloaded = response.status === 429
    return check(
      `model-server-${name}`,
      { backend: call(reply, { at }), response: overloaded ? detail(421, '429: Too Many Requests') : response },
      model('gpt', { endpoint: at }),
    )
  }),
]

export const promptRequests: Fixture[] = [...versions, ...models, ...requests, ...serverFailures, ...checks]
