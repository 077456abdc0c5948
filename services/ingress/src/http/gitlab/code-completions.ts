import { findModelByName } from '@penstock/config'
import type { ConfigSnapshot } from '@penstock/config'
import { RequestFailure } from '@penstock/contracts'
import { cleanAnswer, completionResponse, features, parseCodeCompletion, underscoreStream } from '@penstock/features'
import type { CodeCompletionProblem, CodeCompletionRequest } from '@penstock/features'
import { isFamily } from '@penstock/models'
import type { Family, Usage } from '@penstock/models'
import type { Answer } from '../../core/intake.ts'
import type { Exchange } from '../exchange.ts'
import type { Handler, HandlerDependencies } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import type { HttpAnswer } from '../http-answer.ts'
import { intakeOf } from '../intake.ts'
import { WholeCharacters } from '../whole-characters.ts'
import { validationError } from './errors.ts'
import { enabledFeatureFlags, isVerbose } from './request-headers.ts'

const feature = features['code-completion']

/** `POST /v2/code/completions` and its alias `/v2/completions`. */
export const codeCompletions =
  (dependencies: HandlerDependencies): Handler =>
  async (exchange) => {
    const { caller } = exchange
    if (caller?.kind !== 'gitlab') throw new RequestFailure('internal')
    if (!caller.principal.scopes.has('complete_code'))
      return jsonAnswer(403, { detail: 'Unauthorized to access code completions' })
    const parsed = parseCodeCompletion(await exchange.readJson())
    if (!parsed.ok) return problemAnswer(parsed.problem, exchange)
    const { request } = parsed
    // Nothing tells the language: the answer is empty, and no model is asked.
    if (!request.input.language) {
      const family = request.model.kind === 'metadata' ? request.model.family : defaultFamily(dependencies.config())
      return wholeAnswer(exchange, request, { text: '', usage: null, family: family ?? 'general' }, dependencies)
    }
    const principal = caller.principal.digest
    const intake = intakeOf(
      feature,
      { input: request.input, model: request.model, principal },
      exchange,
      dependencies.digest,
    )
    const answer = await dependencies.desk.ask(intake, exchange.clientGone)
    const family = isFamily(answer.accepted.family) ? answer.accepted.family : 'general'
    if (!request.stream) return wholeAnswer(exchange, request, { ...(await collect(answer)), family }, dependencies)
    await streamText(exchange, answer, family)
    return null
  }

const problemAnswer = (problem: CodeCompletionProblem, exchange: Exchange): HttpAnswer => {
  if (problem.kind === 'unknown_model') return jsonAnswer(422, { detail: problem.message })
  const printed = problem.issues.map(({ path, message }) => `${path || 'body'}: ${message}`).join('; ')
  return validationError(isVerbose(exchange.headers), printed)
}

const defaultFamily = (snapshot: ConfigSnapshot | null): Family | undefined => {
  const model = snapshot?.document.features[feature.name]?.model
  return model === undefined || snapshot === null ? undefined : findModelByName(snapshot.document, model)?.family
}

const collect = async ({ parts }: Answer): Promise<{ text: string; usage: Usage | null }> => {
  const texts: string[] = []
  let usage: Usage | null = null
  for await (const part of parts) {
    if (part.kind === 'text') texts.push(part.text)
    else if (part.kind === 'end') usage = part.usage
  }
  return { text: texts.join(''), usage }
}

const wholeAnswer = (
  exchange: Exchange,
  request: CodeCompletionRequest,
  answer: { readonly text: string; readonly usage: Usage | null; readonly family: Family },
  { now }: Pick<HandlerDependencies, 'now'>,
): HttpAnswer => {
  const { prefix, suffix, fileName } = request.input
  return jsonAnswer(
    200,
    completionResponse({
      text: cleanAnswer(answer.text, { family: answer.family, prefix, suffix, fileName }),
      usage: answer.usage,
      promptTokensEstimate: feature.size(request.input).promptTokensEstimate,
      family: answer.family,
      engine: request.engine,
      lang: request.lang,
      nowMs: now(),
      enabledFeatureFlags: enabledFeatureFlags(exchange.headers),
    }),
  )
}

/** The text itself, without framing or trailer: clients join what comes. On a failure the connection breaks off. */
const streamText = async (exchange: Exchange, { parts }: Answer, family: Family): Promise<void> => {
  const stream = exchange.openStream()
  const characters = new WholeCharacters()
  const unescape = family === 'mixtral' ? underscoreStream() : null
  try {
    for await (const part of parts) {
      if (part.kind !== 'text') continue
      stream.write(characters.push(unescape === null ? part.text : unescape.push(part.text)))
    }
    stream.end(unescape?.end())
  } catch (error) {
    stream.cut()
    throw error
  }
}
