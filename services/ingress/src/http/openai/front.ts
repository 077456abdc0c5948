import { OpenAiKeys } from '../../auth/openai-keys.ts'
import type { Front, HandlerDependencies } from '../front.ts'
import { RequestFailure } from '@penstock/contracts'
import { complete } from '../provider/complete.ts'
import type { Admit } from '../provider/complete.ts'
import { errorAnswer, invalidKey, openAiError } from './errors.ts'
import { configured, listModels, mayUse, showModel } from './models.ts'
import { chatApi, completionApi, responsesApi } from './shapes.ts'

/** The front for clients of OpenAI's API, with keys of its own: a token of GitLab's opens nothing here. */
export const openAiFront = (dependencies: HandlerDependencies): Front => {
  const keys = new OpenAiKeys()
  const admit: Admit = ({ caller }, model) => {
    if (caller?.kind !== 'openai') throw new RequestFailure('internal')
    if (!mayUse(caller.key, model, configured(dependencies))) return null
    return { principal: caller.digest, model: { kind: 'name', name: model } }
  }
  return {
    routes: [
      { method: 'POST', path: '/v1/chat/completions', handle: complete(chatApi, dependencies, admit) },
      { method: 'POST', path: '/v1/completions', handle: complete(completionApi, dependencies, admit) },
      { method: 'POST', path: '/v1/responses', handle: complete(responsesApi, dependencies, admit) },
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
