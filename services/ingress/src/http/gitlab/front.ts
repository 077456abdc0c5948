import type { Authenticate } from '../../auth/authenticate.ts'
import type { IssueUserToken } from '../../auth/user-token.ts'
import type { Front, HandlerDependencies } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import { proxyRoutes } from '../proxy/routes.ts'
import { codeCompletions } from './code-completions.ts'
import { codeGenerations } from './code-generations.ts'
import { codeSuggestions } from './code-suggestions.ts'
import { codeEmbeddings } from './embeddings.ts'
import { docsSearch } from './docs-search.ts'
import type { DocsSearch } from './docs-search.ts'
import { gitlabFailure } from './errors.ts'
import { modelDefinitions } from './model-definitions.ts'
import { healthz, ready } from './monitoring.ts'
import type { Readiness } from './monitoring.ts'
import { chatAgent } from './chat-agent.ts'
import { legacyChat } from './legacy-chat.ts'
import { promptRoutes } from './prompts.ts'
import { isVerbose } from './request-headers.ts'
import { userAccessToken } from './user-access-token.ts'

export interface GitlabFrontDependencies extends HandlerDependencies {
  readonly authenticate: (request: Parameters<Authenticate>[0]) => ReturnType<Authenticate>
  readiness(): Readiness
  /** Null: no signing key is configured. */
  readonly issueToken: IssueUserToken | null
  /** Null: no documentation index is configured. */
  readonly docs: DocsSearch | null
}

/** Paths that need no token, exactly these; nothing is served at `/metrics`. */
export const openPaths: ReadonlySet<string> = new Set([
  '/monitoring/healthz',
  '/monitoring/ready',
  '/metrics',
  '/v1/models/definitions',
])

/** GitLab's table. */
export const gitlabFront = (dependencies: GitlabFrontDependencies): Front => {
  const complete = codeCompletions(dependencies)
  return {
    routes: [
      { method: 'GET', path: '/monitoring/healthz', handle: healthz },
      { method: 'GET', path: '/monitoring/ready', handle: ready(() => dependencies.readiness()) },
      { method: 'POST', path: '/v2/code/completions', handle: complete },
      { method: 'POST', path: '/v2/completions', handle: complete },
      { method: 'POST', path: '/v2/code/generations', handle: codeGenerations(dependencies) },
      { method: 'POST', path: '/v3/code/completions', handle: codeSuggestions('raw', dependencies) },
      { method: 'POST', path: '/v4/code/suggestions', handle: codeSuggestions('events', dependencies) },
      { method: 'POST', path: '/v1/search/gitlab-docs', handle: docsSearch(dependencies) },
      { method: 'POST', path: '/v1/code/user_access_token', handle: userAccessToken(dependencies) },
      {
        method: 'POST',
        path: '/v1/embeddings/code_embeddings',
        handle: codeEmbeddings('code-embeddings', dependencies),
      },
      {
        method: 'POST',
        path: '/v1/embeddings/code_embeddings/index',
        handle: codeEmbeddings('code-embeddings', dependencies),
      },
      {
        method: 'POST',
        path: '/v1/embeddings/code_embeddings/search',
        handle: codeEmbeddings('code-embedding-search', dependencies),
      },
      { method: 'GET', path: '/v1/models/definitions', handle: modelDefinitions(() => dependencies.config()) },
      ...promptRoutes(dependencies),
      { method: 'POST', path: '/v1/chat/*', handle: legacyChat(dependencies) },
      { method: 'POST', path: '/v2/chat/agent', handle: chatAgent(dependencies) },
      ...proxyRoutes(dependencies),
    ],
    async authenticate(exchange) {
      if (openPaths.has(exchange.path)) return null
      const authentication = await dependencies.authenticate(exchange.credentials)
      if (authentication.kind === 'principal') {
        exchange.caller = { kind: 'gitlab', principal: authentication.principal }
        return null
      }
      exchange.failure = `unauthenticated: ${authentication.reason}`
      return jsonAnswer(401, { error: authentication.error })
    },
    failed: (thrown, exchange) => gitlabFailure(thrown, isVerbose(exchange.headers)),
    notFound: () => jsonAnswer(404, { detail: 'Not Found' }),
    methodNotAllowed: (allowed) => jsonAnswer(405, { detail: 'Method Not Allowed' }, { allow: allowed.join(', ') }),
  }
}
