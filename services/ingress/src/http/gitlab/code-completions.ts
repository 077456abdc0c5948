import { defaultModel } from '@penstock/config'
import type { ConfigSnapshot } from '@penstock/config'
import { cleanAnswer, completionResponse, features, parseCodeCompletion, suggestionStream } from '@penstock/features'
import type { CodeCompletionRequest } from '@penstock/features'
import { isFamily } from '@penstock/models'
import type { Family, Usage } from '@penstock/models'
import type { Exchange } from '../exchange.ts'
import type { Handler, HandlerDependencies } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import type { HttpAnswer } from '../http-answer.ts'
import { intakeOf } from '../intake.ts'
import { bodyProblem, callerOf, collectText, forbidden, isTidied, streamRaw } from './code-answer.ts'
import { enabledFeatureFlags } from './request-headers.ts'

const feature = features['code-completion']

/** `POST /v2/code/completions` and its alias `/v2/completions`. */
export const codeCompletions =
  (dependencies: HandlerDependencies): Handler =>
  async (exchange) => {
    const principal = callerOf(exchange)
    if (!principal.scopes.has('complete_code')) return forbidden('code completions')
    const parsed = parseCodeCompletion(await exchange.readJson())
    if (!parsed.ok) return bodyProblem(parsed.problem, exchange)
    const { request } = parsed
    const { input } = request
    // Nothing tells the language: the answer is empty, and no model is asked.
    if (!input.language) {
      const family = request.model.kind === 'metadata' ? request.model.family : defaultFamily(dependencies.config())
      return wholeAnswer(exchange, request, { text: '', usage: null, family: family ?? 'general' }, dependencies)
    }
    const intake = intakeOf(
      feature,
      { input, model: request.model, principal: principal.digest, whole: !request.stream },
      exchange,
      dependencies,
    )
    const answer = await dependencies.desk.ask(intake, exchange.clientGone)
    const family = isFamily(answer.accepted.family) ? answer.accepted.family : 'general'
    if (!request.stream) return wholeAnswer(exchange, request, { ...(await collectText(answer)), family }, dependencies)
    const tidy = isTidied(feature.name, dependencies.config())
    await streamRaw(exchange, answer, suggestionStream({ ...input, family }, { eager: true, tidy }))
    return null
  }

/** The family that answers for requests that name no model. */
export const defaultFamily = (snapshot: ConfigSnapshot | null): Family | undefined =>
  (snapshot && defaultModel(snapshot.document, feature))?.model.family

const wholeAnswer = (
  exchange: Exchange,
  request: CodeCompletionRequest,
  answer: { readonly text: string; readonly usage: Usage | null; readonly family: Family },
  { now, config }: Pick<HandlerDependencies, 'now' | 'config'>,
): HttpAnswer =>
  jsonAnswer(
    200,
    completionResponse({
      text: cleanAnswer(answer.text, { ...request.input, family: answer.family }, isTidied(feature.name, config())),
      usage: answer.usage,
      promptTokensEstimate: feature.size(request.input).promptTokensEstimate,
      family: answer.family,
      engine: request.engine,
      lang: request.lang,
      nowMs: now(),
      enabledFeatureFlags: enabledFeatureFlags(exchange.headers),
    }),
  )
