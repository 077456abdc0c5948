import { parseFixture } from '../load-fixture.ts'
import type { Fixture, FixtureExpectation, FixtureReply, FixtureResponse } from '../load-fixture.ts'

/** Parts of which our own fixtures are made: what a GitLab of today sends, and what its gateway answers. */

type Json = Record<string, unknown>

export const endpoint = 'http://vllm.example.test:8000/v1'
const apiKey = 'sk-local-1'
const served = 'house-coder-32b'
const correlationId = '01K9TESTCORRELATION0000001'
const userId = 'b9Qp0Zc3lq5m1hR2Yk8w4T6sVx7uNaJdEoGfIiKzLrM='

/** A model server of one fixture alone: what it does wrong is not held against others. */
export const ownEndpoint = (name: string): string => `http://${name}.example.test:8000/v1`

/** `model_metadata` of a self-hosted model. */
export const model = (family = 'claude_3', more: Json = {}): Json => ({
  provider: 'openai',
  name: family,
  endpoint,
  api_key: apiKey,
  identifier: `custom_openai/${served}`,
  ...more,
})

/** The same in the fields of the older code endpoints. */
export const flatModel = (family = 'mistral', more: Json = {}): Json => ({
  model_provider: 'litellm',
  model_name: family,
  model_endpoint: endpoint,
  model_api_key: apiKey,
  model_identifier: `custom_openai/${served}`,
  ...more,
})

type Auth = Partial<Fixture['auth']>

export const nobody: Auth = { mode: 'none', scopes: [] }
export const gitlab = (scopes: readonly string[], claims: Json = {}, env: Record<string, string> = {}): Auth => ({
  mode: 'jwt',
  scopes,
  claims,
  env,
})
/** A token that the gateway issued to an editor. */
export const editor = (scopes: readonly string[]): Auth =>
  gitlab(scopes, { iss: 'gitlab-ai-gateway', aud: 'gitlab-ai-gateway', sub: userId, gitlab_realm: 'self-managed' })

/** What a row changes of the usual headers; null leaves one out. */
type Headers = Readonly<Record<string, string | null>>

const usualHeaders: Headers = {
  Authorization: 'Bearer {{jwt}}',
  'X-Gitlab-Authentication-Type': 'oidc',
  'Content-Type': 'application/json',
  'X-Request-ID': correlationId,
  'x-gitlab-instance-id': '7d1f2c54-9c0e-4b8e-8f27-5b1a6f0c2e11',
  'x-gitlab-realm': 'self-managed',
  'x-gitlab-version': '18.9.0',
  'x-gitlab-global-user-id': userId,
  'x-gitlab-enabled-feature-flags': '',
}

export interface Row {
  readonly auth: Auth
  readonly path: string
  readonly response: FixtureResponse
  /** Default POST. */
  readonly method?: string
  readonly headers?: Headers
  readonly body?: unknown
  readonly rawBody?: string
  readonly backend?: Fixture['backend']
  readonly volatile?: readonly string[]
  readonly notes?: readonly string[]
}

export const fixture = (name: string, section: string, row: Row): Fixture => {
  const { auth, method = 'POST', path, body, rawBody, backend = null, response, volatile = [], notes = [] } = row
  const headers = Object.fromEntries(
    Object.entries({ ...usualHeaders, ...row.headers }).filter(([, value]) => value !== null),
  )
  const request = { method, path, headers, ...(rawBody === undefined ? { body } : { raw_body: rawBody }) }
  const whole = { name, contract_section: section, auth, request, backend, response, volatile, notes }
  // Through JSON, as those of the contract: what is undefined is left out.
  return parseFixture(JSON.stringify(whole))
}

// What the model server says.

const usage = { prompt_tokens: 120, completion_tokens: 18, total_tokens: 138 }
const said = { id: 'chatcmpl-1', created: 1_763_640_000, model: served }

export const whole = (content: string, message: Json = {}): FixtureReply => ({
  body: {
    ...said,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content, ...message }, finish_reason: 'stop' }],
    usage,
  },
})

export const streamed = (...pieces: readonly string[]): FixtureReply => {
  const chunk = (choices: readonly Json[], more: Json = {}): Json => ({
    ...said,
    object: 'chat.completion.chunk',
    choices,
    ...more,
  })
  const delta = (content: Json, reason: string | null): Json =>
    chunk([{ index: 0, delta: content, finish_reason: reason }])
  return {
    sse_data: [
      delta({ role: 'assistant', content: '' }, null),
      ...pieces.map((content) => delta({ content }, null)),
      delta({}, 'stop'),
      chunk([], { usage }),
      '[DONE]',
    ],
  }
}

export const failing = (status: number, headers: Record<string, string> = {}): FixtureReply => ({
  status,
  headers,
  body: { error: { message: 'no' } },
})
export const refusing: FixtureReply = { connection_refused: true }

/** The call that must come, and its reply. `body`: members that it must have; `says`: texts of its messages. */
export const call = (
  reply: FixtureReply,
  { at = endpoint, path = '/chat/completions', body = {}, says = [], key = apiKey }: CallFacts = {},
): { expect: FixtureExpectation; reply: FixtureReply } => ({
  expect: {
    method: 'POST',
    url: `${at}${path}`,
    headers: key === null ? {} : { Authorization: `Bearer ${key}` },
    body_subset: { model: served, ...body },
    messages_contain: says,
  },
  reply,
})

interface CallFacts {
  readonly at?: string
  readonly path?: string
  readonly body?: Json
  readonly says?: readonly string[]
  readonly key?: string | null
}

/** Of a call to the operator's own model. */
export const byDefault = { model: '<default model>' }

// What the client must get.

const onEvery = { 'X-Request-ID': correlationId, 'X-Process-Time': '<seconds>' }
const onStreams = { 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' }

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): FixtureResponse => ({
  status,
  headers: { ...onEvery, 'Content-Type': 'application/json', ...headers },
  body,
})
export const detail = (status: number, text: string, headers: Record<string, string> = {}): FixtureResponse =>
  json(status, { detail: text }, headers)
export const invalid = detail(422, 'Validation error')
/** Any text, which a `detail` of no fixed wording must be. */
export const anyText = '<text>'

export const rawStream = (text: string): FixtureResponse => ({
  status: 200,
  headers: { ...onEvery, ...onStreams, 'Content-Type': 'text/event-stream; charset=utf-8' },
  text,
})
export const lines = (...ndjson: readonly unknown[]): FixtureResponse => ({
  status: 200,
  headers: { ...onEvery, ...onStreams, 'Content-Type': 'application/x-ndjson; charset=utf-8' },
  ndjson,
})
export const events = (...list: readonly { readonly event: string; readonly data: unknown }[]): FixtureResponse => ({
  status: 200,
  headers: {
    ...onEvery,
    ...onStreams,
    'Content-Type': 'text/event-stream; charset=utf-8',
    'X-Streaming-Format': 'sse',
  },
  framing: 'event line, data line, blank line; CRLF',
  events: list,
})

const tooMany = 'Too many requests. Please try again later.'

/** How a failure of the model server is told (contract http §7.5): the reply, and the answer of the code endpoints and of prompts. */
export const failures: readonly {
  readonly name: string
  readonly reply: FixtureReply
  readonly code: FixtureResponse
  readonly prompt: FixtureResponse
}[] = [
  ...([400, 401, 404, 500] as const).map((status) => {
    const phrase = { 400: 'Bad Request', 401: 'Unauthorized', 404: 'Not Found', 500: 'Internal Server Error' }[status]
    const told = detail(421, `${status}: ${phrase}`)
    return { name: String(status), reply: failing(status), code: told, prompt: told }
  }),
  {
    name: '429',
    reply: failing(429, { 'Retry-After': '11' }),
    code: detail(429, tooMany, { 'Retry-After': '11' }),
    prompt: detail(429, tooMany, { 'Retry-After': '11' }),
  },
  {
    name: '503',
    reply: failing(503),
    code: detail(429, tooMany, { 'Retry-After': '<seconds>' }),
    prompt: detail(429, tooMany, { 'Retry-After': '<seconds>' }),
  },
  {
    name: 'refused',
    reply: refusing,
    code: detail(503, 'Inference failed'),
    prompt: detail(421, '500: Internal Server Error'),
  },
]
