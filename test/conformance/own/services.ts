import type { Fixture, FixtureReply, FixtureResponse } from '../load-fixture.ts'
import {
  anyText,
  call,
  detail,
  failing,
  fixture,
  gitlab,
  invalid,
  json,
  nobody,
  ownEndpoint,
  refusing,
} from './parts.ts'
import type { Row } from './parts.ts'

/** Endpoints beside the models: search, tokens, embeddings, definitions, monitoring, proxies' gates (contract http §8.7 to §8.15). */

type Json = Record<string, unknown>

const search = (payload: Json = {}): Json => ({
  type: 'search-docs',
  metadata: { source: 'GitLab EE', version: '18.9.0' },
  payload: { query: 'protect a branch', ...payload },
})
const docs = (name: string, row: Partial<Row> & Pick<Row, 'response'>): Fixture =>
  fixture(`docs-${name}`, '8.10', {
    auth: gitlab(['documentation_search']),
    path: '/v1/search/gitlab-docs',
    body: search(),
    ...row,
  })

const searches: Fixture[] = [
  docs('403', { auth: gitlab(['duo_chat']), response: detail(403, 'Unauthorized to search documentations') }),
  ...Object.entries({
    'page-size-0': search({ page_size: 0 }),
    'page-size-21': search({ page_size: 21 }),
    'no-query': search({ query: undefined }),
    'no-payload': { type: 'search-docs' },
  }).map(([name, body]) => docs(`${name}-422`, { body, response: invalid })),
  docs('punctuation', {
    body: search({ query: '"*() AND NOT: -- ?', page_size: 20 }),
    response: json(200, {
      response: { results: '<any list>' },
      metadata: { provider: 'sqlite', timestamp: '<instant>' },
    }),
  }),
]

const tokens: Fixture[] = [
  fixture('token-of-proxies', '8.7', {
    auth: gitlab(['ai_gateway_model_provider_proxy', 'duo_chat'], {}, { AIGW_SELF_SIGNED_JWT__SIGNING_KEY: '{{pem}}' }),
    path: '/v1/code/user_access_token',
    body: {},
    response: json(200, {
      token: '<jwt: iss=aud=gitlab-ai-gateway, sub=global user id, scopes=[ai_gateway_model_provider_proxy], exp=+1h>',
      expires_at: '<instant>',
    }),
  }),
]

const open = (
  name: string,
  section: string,
  path: string,
  body: unknown,
  headers: Row['headers'] = { Authorization: null },
): Fixture => fixture(name, section, { auth: nobody, method: 'GET', path, headers, response: json(200, body) })

const monitoring: Fixture[] = [
  open('ready', '8.15', '/monitoring/ready', { status: 'ready' }),
  open('healthz-prefix', '8.15', '/ai/monitoring/healthz', { status: 'ok' }),
  open('healthz-any-token', '4.4', '/monitoring/healthz', { status: 'ok' }, { Authorization: 'Bearer nonsense' }),
  open(
    'definitions',
    '8.12',
    '/v1/models/definitions',
    { models: '<any list>', unit_primitives: '<any list>' },
    { Authorization: 'Bearer nonsense' },
  ),
]

const embedding = (at: string, more: Json = {}): Json => ({
  provider: 'litellm',
  name: 'embedding',
  identifier: 'custom_openai/house-embed',
  endpoint: at,
  api_key: 'sk-local-2',
  ...more,
})
const usual = ownEndpoint('embed')
const asked = (reply: FixtureReply, at = usual) =>
  call(reply, {
    at,
    path: '/embeddings',
    key: 'sk-local-2',
    body: { model: 'house-embed', input: ['def a; end', 'def b; end'] },
  })
const embeddings = (
  name: string,
  row: Partial<Row> & Pick<Row, 'response'>,
  metadata: unknown = embedding(usual),
  use = '',
): Fixture =>
  fixture(`embeddings-${name}`, '8.11', {
    auth: gitlab(['generate_embeddings_codebase']),
    path: `/v1/embeddings/code_embeddings${use}`,
    body: { model_metadata: metadata, contents: ['def a; end', 'def b; end'] },
    ...row,
  })
const vectors: FixtureReply = {
  body: {
    object: 'list',
    model: 'house-embed',
    data: [
      { object: 'embedding', index: 1, embedding: [0.4, 0.5] },
      { object: 'embedding', index: 0, embedding: [0.1, 0.2] },
    ],
    usage: { prompt_tokens: 8, total_tokens: 8 },
  },
}
const predictions = json(200, {
  model: { engine: 'litellm_embedding', name: '<model name>', identifier: 'custom_openai/house-embed' },
  predictions: [
    { embedding: [0.4, 0.5], index: 1 },
    { embedding: [0.1, 0.2], index: 0 },
  ],
})
const told: Readonly<Record<string, readonly [FixtureReply, FixtureResponse]>> = {
  '400': [failing(400), json(400, { detail: anyText })],
  '401': [failing(401), json(401, { detail: anyText })],
  '429': [failing(429, { 'Retry-After': '5' }), json(429, { detail: anyText }, { 'Retry-After': '5' })],
  '500': [failing(500), detail(421, '500: Internal Server Error')],
  refused: [refusing, detail(503, 'Inference failed')],
}

const embedded: Fixture[] = [
  embeddings(
    'index',
    { backend: asked(vectors), response: predictions, notes: ['in the order of the model server'] },
    undefined,
    '/index',
  ),
  embeddings('search', { backend: asked(vectors), response: predictions }, undefined, '/search'),
  embeddings('403', { auth: gitlab(['duo_chat']), response: json(403, { detail: anyText }) }),
  ...Object.entries({
    'Allowed providers are: gitlab|litellm.': { provider: 'openai' },
    'Model `name` must be set when using `litellm` provider.': { name: undefined },
    "Model `name` must be 'embedding' when using `litellm` provider.": { name: 'mistral' },
    'Model `endpoint` must be set when using `litellm` provider.': { endpoint: undefined },
  }).map(([message, more], index) =>
    embeddings(`metadata-${index + 1}-422`, { response: detail(422, message) }, embedding(usual, more)),
  ),
  ...Object.entries(told).map(([name, [reply, response]]) => {
    const at = ownEndpoint(`embed-${name}`)
    return embeddings(`model-server-${name}`, { backend: asked(reply, at), response }, embedding(at))
  }),
]

const composer = { 'X-Gitlab-Unit-Primitive': 'description_composer', 'anthropic-version': '2023-06-01' }
const proxy = (name: string, status: number, text: string, row: Partial<Row>): Fixture =>
  fixture(`proxy-${name}-${status}`, '8.9', {
    auth: gitlab(['description_composer']),
    path: '/v1/proxy/anthropic/v1/messages',
    headers: composer,
    body: { messages: [{ role: 'user', content: 'hi' }], model: 'claude-3-7-sonnet-20250219', max_tokens: 9 },
    response: detail(status, text),
    ...row,
  })

const gates: Fixture[] = [
  proxy('unknown-purpose', 400, 'Unknown unit primitive header nonsense', {
    headers: { ...composer, 'X-Gitlab-Unit-Primitive': 'nonsense' },
  }),
  proxy('purpose', 403, 'Unauthorized to access description_composer', { auth: gitlab([]) }),
  proxy('other-purpose', 400, 'This endpoint cannot be used for complete_code purpose', {
    auth: gitlab(['complete_code']),
    headers: { ...composer, 'X-Gitlab-Unit-Primitive': 'complete_code' },
  }),
  proxy('path', 404, 'Not found', { path: '/v1/proxy/anthropic/v1/complete' }),
  proxy('vertex', 404, 'Not found', {
    path: '/v1/proxy/vertex-ai/v1/projects/p/locations/l/publishers/google/models/m:predict',
  }),
  proxy('no-json', 400, 'Invalid JSON', { rawBody: '{' }),
  proxy('no-model', 400, 'Failed to extract model name', { body: { messages: [] } }),
]

export const services: Fixture[] = [...searches, ...tokens, ...monitoring, ...embedded, ...gates]
