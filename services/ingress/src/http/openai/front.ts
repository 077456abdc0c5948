import { OpenAiKeys } from '../../auth/openai-keys.ts'
import type { Front, HandlerDependencies } from '../front.ts'
import { complete } from '../provider/complete.ts'
import { errorAnswer, invalidKey, openAiError } from './errors.ts'
import { admitByKey } from './admit-by-key.ts'
import { configured, listModels, showModel } from './models.ts'
import { embeddingsApi } from './embeddings-api.ts'
import { chatApi, completionApi, responsesApi } from './shapes.ts'

/** The front for clients of OpenAI's API, with keys of its own: a token of GitLab's opens nothing here. */
export const openAiFront = (dependencies: HandlerDependencies): Front => {
  const keys = new OpenAiKeys()
  const admit = admitByKey(dependencies)
  return {
    routes: [
      { method: 'POST', path: '/v1/chat/completions', handle: complete(chatApi, dependencies, admit) },
      { method: 'POST', path: '/v1/completions', handle: complete(completionApi, dependencies, admit) },
      { method: 'POST', path: '/v1/responses', handle: complete(responsesApi, dependencies, admit) },
      { method: 'POST', path: '/v1/embeddings', handle: complete(embeddingsApi, dependencies, admit) },
      { method: 'GET', path: '/v1/models', handle: listModels(dependencies) },
      { method: 'GET', path: '/v1/models/*', handle: showModel(dependencies) },
    ],
    authenticate(exchange) {
      const { credentials } = exchange
      const key = keys.find(credentials, configured(dependencies).document.openai.keys)
      if (key !== null) {
        exchange.caller = { kind: 'openai', key, digest: dependencies.digest('openai-key', key.name) }
        return null
      }
      exchange.failure = 'unauthenticated'
      return errorAnswer(invalidKey(credentials.headers.authorization !== undefined))
    },
    failed: (thrown) => errorAnswer(openAiError(thrown)),
    notFound: () => errorAnswer({ status: 404, message: 'Not found.' }),
    methodNotAllowed: (allowed) =>
      errorAnswer({ status: 405, message: 'Method not allowed.', headers: { allow: allowed.join(', ') } }),
  }
}
