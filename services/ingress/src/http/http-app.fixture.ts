import { createHash } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import type { ConfigDocumentInput, ConfigSnapshot } from '@penstock/config'
import { validateDocument } from '@penstock/config'
import type { Accepted } from '@penstock/contracts'
import { vi } from 'vitest'
import { createAuthenticate } from '../auth/authenticate.ts'
import { startTestIssuer } from '../auth/issuer.fixture.ts'
import type { TestIssuer } from '../auth/issuer.fixture.ts'
import { KeyStore } from '../auth/key-store.ts'
import { keyedDigest } from '../auth/keyed-digest.ts'
import { createUserTokenIssuer } from '../auth/user-token.ts'
import { createTokenVerifier } from '../auth/verify-token.ts'
import type { Answer, AnswerPart, Intake, RequestDesk } from '../core/intake.ts'
import { leavingFeatures } from '../relay/elsewhere.ts'
import { Relay } from '../relay/relay.ts'
import { createHttpApp } from './app.ts'
import type { DocsSearch } from './gitlab/docs-search.ts'
import type { HttpAppOptions } from './app.ts'
import type { AnsweredCall } from './http-metrics.ts'

export const openAiKey = 'sk-test-key'
export const limitedKey = 'sk-limited-key'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const snapshotOf = (configure: Partial<ConfigDocumentInput>): ConfigSnapshot => {
  const validated = validateDocument({
    nodes: [{ name: 'node-1', url: 'http://127.0.0.1:1/v1' }],
    pools: [{ name: 'pool', nodes: ['node-1'] }],
    models: [
      { name: 'coder', family: 'codestral', servedName: 'house/coder-32b', pool: 'pool' },
      { name: 'chatter', family: 'llama3', servedName: 'chatter-8b', pool: 'pool' },
      { name: 'embedder', family: 'embedding', servedName: 'embedder-1b', contextTokens: 100, pool: 'pool' },
    ],
    features: {
      'code-completion': { model: 'coder' },
      'openai-chat': { model: 'chatter' },
      'openai-embeddings': { model: 'embedder' },
      'openai-responses': { model: 'chatter' },
      'anthropic-messages': { model: 'chatter' },
    },
    openai: {
      keys: [
        { name: 'everything', sha256: sha256(openAiKey) },
        { name: 'limited', sha256: sha256(limitedKey), scopes: ['chatter'] },
      ],
    },
    ...configure,
  })
  if (!validated.ok) throw new Error(JSON.stringify(validated.problems))
  return { version: 1, document: validated.document }
}

const accepted = (family = 'codestral'): Accepted => ({
  kind: 'accepted',
  pool: 'pool',
  lane: 'completion',
  model: 'coder',
  family,
  configVersion: 1,
  rule: 'test',
})

export const text = (content: string): AnswerPart => ({ kind: 'text', text: content, tokens: 1 })
export const end = (over: Partial<Extract<AnswerPart, { kind: 'end' }>> = {}): AnswerPart => ({
  kind: 'end',
  finishReason: 'stop',
  usage: { promptTokens: 120, completionTokens: 9 },
  node: 'node-1',
  ...over,
})

/** An answer of these parts; `failure` breaks it off behind them. */
export const answerOf = (
  parts: Iterable<AnswerPart> | AsyncIterable<AnswerPart>,
  { failure, family }: { failure?: Error; family?: string } = {},
): Answer => ({
  accepted: accepted(family),
  parts: (async function* () {
    yield* parts
    if (failure !== undefined) throw failure
  })(),
})

export type Script = (intake: Intake, clientGone: AbortSignal) => Promise<Answer> | Answer

/** Owner of requests that does what a test says, and remembers what it was asked. */
export class ScriptedDesk implements RequestDesk {
  readonly asked: Intake[] = []
  readonly signals: AbortSignal[] = []
  script: Script = () => answerOf([text('hello'), end()])

  async ask(intake: Intake, clientGone: AbortSignal): Promise<Answer> {
    this.asked.push(intake)
    this.signals.push(clientGone)
    return this.script(intake, clientGone)
  }
}

export interface LogLine {
  readonly message: string
  readonly fields: Record<string, unknown>
}

export interface TestApp extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** The server itself, for what only it can be asked. */
  readonly server: Server
  readonly issuer: TestIssuer
  readonly desk: ScriptedDesk
  readonly calls: AnsweredCall[]
  readonly log: LogLine[]
  /** What the relay told the audit trail. */
  readonly records: { readonly type: string; readonly data: Record<string, unknown> }[]
  readiness: { ready: boolean; reasons: string[]; warnings: string[] }
  bodyBytes(): number
  /** A call as GitLab makes it, with a good token. */
  gitlab(
    path: string,
    init?: {
      method?: string
      body?: unknown
      headers?: Record<string, string>
      claims?: Record<string, unknown>
      signal?: AbortSignal
    },
  ): Promise<Response>
  openAi(path: string, body?: unknown, key?: string): Promise<Response>
  /** Sends these bytes on a connection of their own and returns all that comes back until it closes. */
  raw(bytes: string): Promise<string>
}

/** The HTTP edge on a port of its own: a real issuer and real authentication before a scripted desk. */
/** `signingKey`: PEM of the key that signs tokens of the gateway's own. `now`: the wall clock of answers, epoch ms. */
export const startTestApp = async ({
  signingKey,
  now = () => 1_763_640_000_000,
  docs = null,
  configure = {},
  ...options
}: Partial<HttpAppOptions> & {
  signingKey?: string
  now?: () => number
  docs?: DocsSearch | null
  /** Takes the place of parts of the configuration. */
  configure?: Partial<ConfigDocumentInput>
} = {}): Promise<TestApp> => {
  const serviceName = 'gitlab-ai-gateway'
  const issuer = await startTestIssuer()
  const log: LogLine[] = []
  const add = (fields: unknown, message?: string): void =>
    void log.push({ message: message ?? '', fields: fields as Record<string, unknown> })
  const logger = { info: add, warn: add, error: add }
  const keys = new KeyStore(
    { issuerUrls: [issuer.url], serviceName, signingKey },
    { now: () => performance.now(), log: logger },
  )
  keys.start()
  await vi.waitUntil(() => keys.ready)
  const desk = new ScriptedDesk()
  const digest = keyedDigest('secret')
  const snapshot = snapshotOf(configure)
  const calls: AnsweredCall[] = []
  const records: TestApp['records'] = []
  const state = { ready: true, reasons: [] as string[], warnings: [] as string[] }
  let bodyBytes = (): number => 0
  const app = createHttpApp(options, {
    desk,
    digest,
    log: logger,
    authenticate: createAuthenticate(
      { serviceName },
      { verifyToken: createTokenVerifier({ audience: serviceName }, { keys, now: Date.now }), digest },
    ),
    config: () => snapshot,
    docs,
    relay: new Relay({
      trail: {
        reserve: () => true,
        release: () => undefined,
        record: async (type, _request, _correlationId, data) => void records.push({ type, data }),
      },
      log: logger,
      readCredential: (reference) => `secret of ${reference}`,
      timeLimits: () => ({ firstByteMs: 5000, totalMs: 10_000 }),
      recordWithinMs: 1000,
      now: () => performance.now(),
    }),
    issueToken: signingKey === undefined ? null : createUserTokenIssuer({ serviceName, signingKey }),
    readiness: () => ({ ...test.readiness, leavesDomain: leavingFeatures(snapshot) }),
    events: { callAnswered: (call) => void calls.push(call), watchBodyBytes: (read) => void (bodyBytes = read) },
    now,
    monotonic: () => performance.now(),
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const test: TestApp = {
    url,
    port,
    server: app.server,
    issuer,
    desk,
    calls,
    log,
    records,
    readiness: state,
    bodyBytes: () => bodyBytes(),
    async gitlab(path, { method = 'POST', body, headers = {}, claims = {}, signal } = {}) {
      return fetch(`${url}${path}`, {
        method,
        headers: {
          ...(await issuer.headers(claims)),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      })
    },
    openAi: (path, body, key = openAiKey) =>
      fetch(`${url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    async raw(bytes) {
      const socket = connect(port, '127.0.0.1')
      let received = ''
      socket.on('data', (piece) => (received += piece.toString()))
      socket.on('error', () => undefined)
      socket.write(bytes)
      await new Promise((resolve) => socket.once('close', resolve))
      return received
    },
    async [Symbol.asyncDispose]() {
      app.server.closeAllConnections()
      await app.close()
      keys[Symbol.dispose]()
      await issuer[Symbol.asyncDispose]()
    },
  }
  return test
}

/** A body of `/v2/code/completions` as GitLab sends it for a self-hosted model. */
export const completionBody = (over: object = {}): object => ({
  prompt_version: 2,
  prompt: null,
  current_file: {
    file_name: 'stats.py',
    language_identifier: 'python',
    content_above_cursor: 'total = ',
    content_below_cursor: '\n',
  },
  intent: 'completion',
  stream: false,
  project_path: 'acme/stats',
  model_provider: 'litellm',
  model_name: 'codestral',
  model_endpoint: 'http://vllm.example.test:8000/v1',
  model_api_key: 'sk-local-1',
  model_identifier: 'custom_openai/house-coder-32b',
  ...over,
})
