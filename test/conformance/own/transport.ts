import type { Fixture } from '../load-fixture.ts'
import { call, detail, editor, fixture, gitlab, invalid, json, model, nobody, whole } from './parts.ts'
import type { Row } from './parts.ts'

/** What holds at every path: authentication, routing, CORS, correlation ids (contract http §2 to §5). */

const completions = '/v2/code/completions'
const refused = (name: string, error: string, row: Partial<Row>, section = '4.5'): Fixture =>
  fixture(`401-${name}`, section, {
    auth: gitlab(['complete_code']),
    path: completions,
    body: {},
    ...row,
    response: json(401, { error }),
  })

const authentication: Fixture[] = [
  refused('empty-token', 'Forbidden by auth provider', {
    auth: nobody,
    headers: { Authorization: 'Bearer ' },
    notes: ['what GitLab sends when no portal token was ever synced'],
  }),
  refused('malformed-token', 'Forbidden by auth provider', {
    auth: nobody,
    headers: { Authorization: 'Bearer not.a.token' },
  }),
  refused('wrong-audience', 'Forbidden by auth provider', {
    auth: gitlab(['complete_code'], { aud: ['gitlab-duo-workflow-service'] }),
  }),
  refused('not-yet-valid', 'Forbidden by auth provider', { auth: gitlab(['complete_code'], { nbf: '{{now+3600}}' }) }),
  refused(
    'unknown-path',
    'No authorization header presented',
    { auth: nobody, path: '/v9/nothing', headers: { Authorization: null } },
    '2.2',
  ),
  refused(
    'wrong-method',
    'No authorization header presented',
    { auth: nobody, method: 'GET', headers: { Authorization: null }, body: undefined },
    '2.2',
  ),
  refused('type-missing', 'Invalid authentication token type - only OIDC is supported', {
    headers: { 'X-Gitlab-Authentication-Type': null },
  }),
  refused('type-in-capitals', 'Invalid authentication token type - only OIDC is supported', {
    headers: { 'X-Gitlab-Authentication-Type': 'OIDC' },
  }),
  refused('realm-mismatch', "Header mismatch 'X-Gitlab-Realm'", { headers: { 'x-gitlab-realm': 'saas' } }, '4.3'),
  refused('realm-missing', "Header mismatch 'X-Gitlab-Realm'", { headers: { 'x-gitlab-realm': null } }, '4.3'),
  refused(
    'realm-before-instance',
    "Header mismatch 'X-Gitlab-Realm'",
    { auth: gitlab([], { sub: 'another' }), headers: { 'x-gitlab-realm': 'saas' } },
    '4.3',
  ),
  refused(
    'instance-id-claim',
    "Header mismatch 'X-Gitlab-Instance-Id'",
    { auth: gitlab([], { gitlab_instance_id: 'another' }) },
    '4.3',
  ),
  refused(
    'editor-token-of-another',
    "Header mismatch 'X-Gitlab-Global-User-Id'",
    { auth: editor(['complete_code']), headers: { 'x-gitlab-global-user-id': 'another' } },
    '4.3',
  ),
  fixture('401-root-head', '12.1', {
    auth: nobody,
    method: 'HEAD',
    path: '/',
    headers: { Authorization: null },
    response: { status: 401, headers: { 'X-Process-Time': '<seconds>' } },
    notes: ["the administrator's health check probes the address so"],
  }),
  fixture('401-cors', '2.4', {
    auth: nobody,
    path: '/v2/completions',
    headers: { Authorization: null, Origin: 'https://gitlab.example.test' },
    body: {},
    response: json(401, { error: 'No authorization header presented' }, { 'Access-Control-Allow-Origin': '*' }),
    notes: ['the Web IDE reads errors too'],
  }),
  fixture('bearer-in-small-letters', '4.5', {
    auth: gitlab([]),
    path: '/v9/nothing',
    headers: { Authorization: 'bearer {{jwt}}' },
    body: {},
    response: detail(404, 'Not Found'),
  }),
]

const editorTokens: Fixture[] = [
  fixture('403-editor-generations', '5', {
    auth: editor(['complete_code', 'generate_code']),
    path: '/v2/code/generations',
    body: {},
    response: detail(403, 'Unauthorized to access code generations'),
  }),
  fixture('403-editor-suggestions', '5', {
    auth: editor(['complete_code']),
    path: '/v4/code/suggestions',
    body: {
      prompt_components: [
        {
          type: 'code_editor_completion',
          payload: { file_name: 'a.py', content_above_cursor: 'a', content_below_cursor: '' },
        },
      ],
    },
    response: detail(403, 'Unauthorized to access code suggestions'),
  }),
  fixture('403-editor-token', '5', {
    auth: editor(['complete_code']),
    path: '/v1/code/user_access_token',
    rawBody: '',
    response: detail(403, 'Unauthorized to create user access token'),
  }),
]

const routing: Fixture[] = [
  fixture('404-root', '2.5', { auth: gitlab([]), method: 'GET', path: '/', response: detail(404, 'Not Found') }),
  fixture('404-metrics-on-api-port', '4.4', {
    auth: nobody,
    method: 'GET',
    path: '/metrics',
    headers: { Authorization: null },
    response: detail(404, 'Not Found'),
  }),
  ...Object.entries({
    prompts: ['GET', '/v1/prompts/generate_commit_message'],
    chat: ['GET', '/v2/chat/agent'],
    'legacy-chat': ['DELETE', '/v1/chat/agent'],
    suggestions: ['PUT', '/v4/code/suggestions'],
    docs: ['GET', '/v1/search/gitlab-docs'],
    token: ['GET', '/v1/code/user_access_token'],
    embeddings: ['GET', '/v1/embeddings/code_embeddings'],
  } as const).map(([name, [method, path]]) =>
    fixture(`405-${name}`, '2.5', {
      auth: gitlab([]),
      method,
      path,
      response: detail(405, 'Method Not Allowed', { Allow: 'POST' }),
    }),
  ),
  ...['/monitoring/healthz', '/monitoring/ready'].map((path) =>
    fixture(`405-head${path.replaceAll('/', '-')}`, '8.15', {
      auth: nobody,
      method: 'HEAD',
      path,
      headers: { Authorization: null },
      response: { status: 405, headers: { Allow: 'GET', 'X-Process-Time': '<seconds>' } },
    }),
  ),
  fixture('405-definitions', '8.12', {
    auth: nobody,
    path: '/v1/models/definitions',
    headers: { Authorization: null },
    body: {},
    response: detail(405, 'Method Not Allowed', { Allow: 'GET' }),
  }),
  ...['oauth/application', 'oauth/application/delete', 'oauth/application/verify', 'events'].map((path) =>
    fixture(`404-amazon-q-${path.replaceAll('/', '-')}`, '8.13', {
      auth: gitlab(['amazon_q_integration']),
      path: `/v1/amazon_q/${path}`,
      body: { role_arn: 'arn' },
      response: detail(404, 'Not Found'),
    }),
  ),
]

const origin = 'https://gitlab.example.test'
const preflight = (name: string, path: string, asked: Record<string, string>, response: Row['response']): Fixture =>
  fixture(`cors-${name}`, '2.4', {
    auth: nobody,
    method: 'OPTIONS',
    path,
    headers: { Authorization: null, Origin: origin, ...asked },
    response,
  })

/** Any request that is answered will do. */
const commit = (name: string, section: string, row: Partial<Row>, headers: Record<string, string> = {}): Fixture =>
  fixture(name, section, {
    auth: gitlab(['generate_commit_message']),
    path: '/v1/prompts/generate_commit_message',
    body: { inputs: { diff: '+puts 2' }, prompt_version: '^1.0.0', model_metadata: model() },
    backend: call(whole('Print 2')),
    ...row,
    response: json(200, 'Print 2', headers),
  })
const unread = (name: string, row: Partial<Row>): Fixture =>
  fixture(`422-${name}`, '2.5', {
    auth: gitlab(['generate_commit_message']),
    path: '/v1/prompts/generate_commit_message',
    response: invalid,
    ...row,
  })

const crossing: Fixture[] = [
  preflight(
    'other-method',
    '/v2/completions',
    { 'Access-Control-Request-Method': 'GET' },
    {
      status: 400,
      headers: { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Methods': 'POST' },
      text: 'Disallowed CORS method',
    },
  ),
  preflight(
    'any-path',
    '/ai/v1/prompts/chat%2Fexplain_code',
    { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'x-anything' },
    {
      status: 200,
      headers: {
        'Access-Control-Allow-Origin': '*',
        'Access-Control-Allow-Methods': 'POST',
        'Access-Control-Max-Age': '600',
        'Access-Control-Allow-Headers': '<contains requested names>',
      },
      text: 'OK',
    },
  ),
  commit(
    'cors-answer',
    '2.4',
    { headers: { Origin: origin } },
    { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'X-Request-ID' },
  ),
  commit('id-generated', '2.3', { headers: { 'X-Request-ID': null } }, { 'X-Request-ID': '<generated 32 hex>' }),
  commit(
    'id-passed-on',
    '3',
    { headers: { 'X-Request-ID': 'any-id_of.the:caller' } },
    { 'X-Request-ID': 'any-id_of.the:caller' },
  ),
  commit('path-double-slash', '1', {
    path: '//v1/prompts/generate_commit_message',
    notes: ["a trailing slash in the administrator's setting"],
  }),
  commit('path-prefix', '1', { path: '/ai/v1/prompts/generate_commit_message' }),
  commit('range-ignored', '3', { headers: { Range: 'bytes=0-1', 'If-None-Match': '*' } }),
  commit('type-with-charset', '2.3', { headers: { 'Content-Type': 'application/json; charset=utf-8' } }),
  commit('type-missing', '2.3', { headers: { 'Content-Type': null } }),
  unread('no-json', { rawBody: '{"inputs": ' }),
  unread('empty-body', { rawBody: '' }),
  unread('list', { body: [] }),
  unread('verbose', {
    headers: { 'x-gitlab-enabled-instance-verbose-ai-logs': 'true' },
    body: { inputs: [] },
    response: json(422, { detail: '<printed list of errors>' }),
    notes: ['a string, not a list'],
  }),
  fixture('413', '2.5', {
    auth: gitlab(['generate_commit_message']),
    path: '/v1/prompts/generate_commit_message',
    rawBody: JSON.stringify({ inputs: { diff: 'x'.repeat(17 * 1024 ** 2) } }),
    response: json(413, { detail: '<text>' }),
  }),
]

export const transport: Fixture[] = [...authentication, ...editorTokens, ...routing, ...crossing]
