import { request } from 'undici'
import type { TestStack } from '../../stack/start-stack.ts'
import type { Api } from './fault-cases.ts'

/** Where a question goes: a model with nodes of its own, named as each API names it. */
export interface Target {
  readonly model: string
  readonly servedName: string
  /** Base URL of one of its nodes, as GitLab names a model. */
  readonly endpoint: string
}

export interface Reply {
  readonly status: number
  readonly retryAfter: string | null
  /** All text of the answer, pieces joined. */
  readonly text: string
  /** The failure as the client is told it, in the body or the stream; null: none. */
  readonly failure: string | null
  readonly tookMs: number
}

/** Of its own words for each model, which the bodies that its nodes get hold as they are. */
export const questionOf = (id: string): string => `Question ${id}: what does the water gate of this module do?`

/**
 * Asks one question of fixed words, so that its answer is the same each time. Throws when the connection breaks. Not by `fetch`, which
 * asks again by itself when it is answered 421.
 */
export const ask = async (api: Api, stack: TestStack, target: Target): Promise<Reply> => {
  const { path, headers, body } = await requestOf(api, stack, target)
  const startedAt = performance.now()
  const response = await request(`${stack.apiUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(90_000),
  })
  const { statusCode: status } = response
  const raw = await response.body.text()
  const said = status === 200 ? readers[api](raw) : { text: '', failure: detailOf(raw) ?? `status ${status}` }
  return {
    status,
    retryAfter: String(response.headers['retry-after'] ?? '') || null,
    ...said,
    tookMs: Math.round(performance.now() - startedAt),
  }
}

const requestOf = async (
  api: Api,
  stack: TestStack,
  { model, servedName, endpoint }: Target,
): Promise<{ path: string; headers: Record<string, string>; body: object }> => {
  const identifier = `custom_openai/${servedName}`
  const gitlab = async () => ({
    authorization: `Bearer ${await stack.token(['complete_code', 'duo_classic_chat'])}`,
    'x-gitlab-authentication-type': 'oidc',
    'x-gitlab-instance-id': stack.instanceId,
    'x-gitlab-realm': 'self-managed',
    'x-gitlab-global-user-id': model,
  })
  switch (api) {
    case 'code-completion':
      return {
        path: '/v2/code/completions',
        headers: await gitlab(),
        body: {
          prompt_version: 2,
          project_path: `locks/${model}`,
          current_file: {
            file_name: 'gate.py',
            language_identifier: 'python',
            content_above_cursor: `# ${questionOf(model)}\nlevel = `,
            content_below_cursor: '\n',
          },
          model_provider: 'litellm',
          model_name: 'codestral',
          model_endpoint: endpoint,
          model_identifier: identifier,
        },
      }
    case 'chat-agent':
      return {
        path: '/v2/chat/agent',
        headers: await gitlab(),
        body: {
          messages: [{ role: 'user', content: questionOf(model) }],
          model_metadata: { provider: 'openai', name: 'general', endpoint, api_key: null, identifier },
        },
      }
    case 'openai-chat':
      return {
        path: '/v1/chat/completions',
        headers: { authorization: `Bearer ${stack.openAiKey}` },
        body: { model, messages: [{ role: 'user', content: questionOf(model) }], max_tokens: 60, stream: true },
      }
  }
}

type Said = Pick<Reply, 'text' | 'failure'>

const detailOf = (raw: string): string | null => {
  try {
    const { detail } = JSON.parse(raw) as { detail?: unknown }
    return typeof detail === 'string' ? detail : null
  } catch {
    return null
  }
}

const readers: Record<Api, (raw: string) => Said> = {
  'code-completion'(raw) {
    const { choices } = JSON.parse(raw) as { choices: { text: string }[] }
    return { text: choices[0]?.text ?? '', failure: null }
  },
  'chat-agent'(raw) {
    const events = raw
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { type: string; data: { text?: string; message?: string } })
    return {
      text: events.map(({ data }) => data.text ?? '').join(''),
      failure: events.find(({ type }) => type === 'error')?.data.message ?? null,
    }
  },
  'openai-chat'(raw) {
    const events = raw
      .split('\n\n')
      .filter((event) => event.startsWith('data: {'))
      .map(
        (event) =>
          JSON.parse(event.slice(6)) as {
            choices?: { delta?: { content?: string } }[]
            error?: { message: string }
          },
      )
    const text = events.map(({ choices }) => choices?.[0]?.delta?.content ?? '').join('')
    const failure = events.find(({ error }) => error !== undefined)?.error?.message ?? null
    const cut = raw.endsWith('data: [DONE]\n\n') ? null : 'no [DONE]'
    return { text, failure: failure ?? cut }
  },
}
