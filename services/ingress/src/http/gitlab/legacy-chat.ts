import { features, legacyChatNames, legacyChatResponse, parseLegacyChat } from '@penstock/features'
import type { Handler, HandlerDependencies } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import { intakeOf } from '../intake.ts'
import { callerOf, collectText, forbidden, invalidBody } from './code-answer.ts'
import { bareFraming, streamText } from './stream-text.ts'

const feature = features['legacy-chat']

/** `POST /v1/chat/{name}`: GitLab's support asks it by hand to see whether a model answers. The text is relayed as it comes. */
export const legacyChat =
  (dependencies: HandlerDependencies): Handler =>
  async (exchange) => {
    const { scopes, digest: principal } = callerOf(exchange)
    const name = exchange.path.slice('/v1/chat/'.length)
    const allowing = Object.hasOwn(legacyChatNames, name) ? legacyChatNames[name] : undefined
    // Spelt unlike a path that does not exist.
    if (allowing === undefined) return jsonAnswer(404, { detail: 'Not found' })
    const parsed = parseLegacyChat(await exchange.readJson())
    if (!parsed.ok) return invalidBody(parsed.issues, exchange)
    if (!allowing.some((scope) => scopes.has(scope))) return forbidden(allowing[0] ?? name)
    const { request } = parsed
    const { input, model } = request
    const intake = intakeOf(feature, { input, model, principal, whole: !request.stream }, exchange, dependencies)
    const answer = await dependencies.desk.ask(intake, exchange.clientGone)
    if (request.stream) {
      await streamText(exchange, answer, { push: (text) => text, end: () => '' }, bareFraming)
      return null
    }
    const { text } = await collectText(answer)
    return jsonAnswer(200, legacyChatResponse(text, request, dependencies.now()))
  }
