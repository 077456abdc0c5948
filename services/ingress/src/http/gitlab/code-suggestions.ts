import {
  cleanAnswer,
  features,
  generationModel,
  parseSuggestion,
  suggestionResponse,
  suggestionStream,
} from '@penstock/features'
import type { AnswerContext, SuggestionModel, SuggestionRequest } from '@penstock/features'
import { isFamily } from '@penstock/models'
import type { Family } from '@penstock/models'
import type { Principal } from '../../auth/principal.ts'
import type { Answer } from '../../core/intake.ts'
import type { Exchange } from '../exchange.ts'
import type { Handler, HandlerDependencies } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import type { HttpAnswer } from '../http-answer.ts'
import { intakeOf } from '../intake.ts'
import { callerOf, collectText, forbidden, invalidBody, isTidied, streamEvents, streamRaw } from './code-answer.ts'
import { defaultFamily } from './code-completions.ts'
import { enabledFeatureFlags, sendsContext } from './request-headers.ts'

/** `POST /v3/code/completions`, streamed as raw text, and `POST /v4/code/suggestions`, streamed as events. */
export const codeSuggestions =
  (framing: 'raw' | 'events', dependencies: HandlerDependencies): Handler =>
  async (exchange) => {
    const principal = callerOf(exchange)
    if (!mayAsk(principal, 'completion') && !mayAsk(principal, 'generation')) return forbidden('code suggestions')
    const parsed = parseSuggestion(await exchange.readJson(), { useContext: sendsContext(exchange.headers) })
    if (!parsed.ok) return invalidBody(parsed.issues, exchange)
    const { request } = parsed
    if (!mayAsk(principal, request.kind)) return forbidden('code suggestions')
    // Nothing tells the language of a completion: the answer is empty, and no model is asked.
    if (request.kind === 'completion' && !request.input.language) {
      const family = request.model.kind === 'metadata' ? request.model.family : defaultFamily(dependencies.config())
      return wholeAnswer(exchange, '', modelOf(request, family ?? 'general'), dependencies)
    }
    const intake = intakeFor(request, principal, exchange, dependencies)
    const answer = await dependencies.desk.ask(intake, exchange.clientGone)
    const family = isFamily(answer.accepted.family) ? answer.accepted.family : 'general'
    const tidy = isTidied(featureOf(request), dependencies.config())
    const model = modelOf(request, family)
    const context = contextOf(request, family)
    if (!request.stream) {
      const { text } = await collectText(answer)
      return wholeAnswer(exchange, cleanAnswer(text, context, tidy), model, dependencies)
    }
    await streamed(
      exchange,
      answer,
      context,
      { framing, eager: request.kind === 'completion', tidy, model },
      dependencies,
    )
    return null
  }

/** Tokens that editors hold open no more than what direct connections ask. */
const mayAsk = ({ scopes, gatewayIssued }: Principal, kind: SuggestionRequest['kind']): boolean =>
  kind === 'completion' ? scopes.has('complete_code') && !gatewayIssued : scopes.has('generate_code')

const featureOf = ({ kind }: SuggestionRequest): 'code-completion' | 'code-generation' =>
  kind === 'completion' ? 'code-completion' : 'code-generation'

const intakeFor = (
  request: SuggestionRequest,
  { digest: principal }: Principal,
  exchange: Exchange,
  dependencies: HandlerDependencies,
) => {
  const { model, stream } = request
  const asked = { model, principal, whole: !stream }
  if (request.kind === 'completion')
    return intakeOf(features['code-completion'], { ...asked, input: request.input }, exchange, dependencies)
  const reasoning = stream ? 'told' : 'hidden'
  return intakeOf(features['code-generation'], { ...asked, input: request.input, reasoning }, exchange, dependencies)
}

const modelOf = (request: SuggestionRequest, family: Family): SuggestionModel =>
  request.kind === 'completion'
    ? { engine: request.provider ?? 'openai', name: family, lang: request.lang }
    : { ...generationModel, lang: request.lang }

const contextOf = (request: SuggestionRequest, family: Family): AnswerContext =>
  request.kind === 'completion'
    ? { ...request.input, family }
    : {
        family,
        prefix: request.input.above,
        suffix: request.input.below,
        fileName: request.input.fileName,
        wholeLines: true,
      }

const wholeAnswer = (
  exchange: Exchange,
  text: string,
  model: SuggestionModel,
  { now }: Pick<HandlerDependencies, 'now'>,
): HttpAnswer =>
  jsonAnswer(
    200,
    suggestionResponse({ text, model, nowMs: now(), enabledFeatureFlags: enabledFeatureFlags(exchange.headers) }),
  )

const streamed = async (
  exchange: Exchange,
  answer: Answer,
  context: AnswerContext,
  how: {
    readonly framing: 'raw' | 'events'
    readonly eager: boolean
    readonly tidy: boolean
    readonly model: SuggestionModel
  },
  { now }: Pick<HandlerDependencies, 'now'>,
): Promise<void> => {
  const cleaning = suggestionStream(context, how)
  if (how.framing === 'raw') return streamRaw(exchange, answer, cleaning)
  const enabled = enabledFeatureFlags(exchange.headers)
  return streamEvents(exchange, answer, cleaning, { model: how.model, nowMs: now(), enabledFeatureFlags: enabled })
}
