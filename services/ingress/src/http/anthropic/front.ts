import { OpenAiKeys } from '../../auth/openai-keys.ts'
import type { Front, HandlerDependencies } from '../front.ts'
import { admitByKey } from '../openai/admit-by-key.ts'
import { configured } from '../openai/models.ts'
import { complete } from '../provider/complete.ts'
import { anthropicErrorAnswer, anthropicErrors } from './errors.ts'
import { countTokens, messagesApi } from './messages-api.ts'

/** The front for clients of Anthropic's API. They show the same keys as OpenAI's clients, and name the same models. */
export const anthropicFront = (dependencies: HandlerDependencies): Front => {
  const keys = new OpenAiKeys()
  return {
    routes: [
      {
        method: 'POST',
        path: '/v1/messages',
        handle: complete(messagesApi, dependencies, admitByKey(dependencies)),
      },
      { method: 'POST', path: '/v1/messages/count_tokens', handle: countTokens },
    ],
    authenticate(exchange) {
      const key = keys.findAnthropic(exchange.credentials, configured(dependencies).document.openai.keys)
      if (key !== null) {
        exchange.caller = { kind: 'openai', key, digest: dependencies.digest('openai-key', key.name) }
        return null
      }
      exchange.failure = 'unauthenticated'
      return anthropicErrorAnswer(
        401,
        "Send one valid API key, as 'X-Api-Key: <key>' or 'Authorization: Bearer <key>'.",
      )
    },
    failed: (thrown) => anthropicErrors.failed(thrown),
    notFound: () => anthropicErrorAnswer(404, 'Not found.'),
    methodNotAllowed: (allowed) => anthropicErrorAnswer(405, 'Method not allowed.', { allow: allowed.join(', ') }),
  }
}
