import { findModelByName } from '@penstock/config'
import { isVersionConstraint, parseInputs, parsePromptRequest, promptFeatures, rewritten } from '@penstock/features'
import type { TextStream } from '@penstock/features'
import type { Usage } from '@penstock/models'
import type { Answer } from '../../core/intake.ts'
import type { Exchange } from '../exchange.ts'
import type { HandlerDependencies, Route } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import type { HttpAnswer } from '../http-answer.ts'
import { intakeOf } from '../intake.ts'
import { callerOf, collectText, invalidBody } from './code-answer.ts'
import { connectionTestFailure, promptFailure } from './errors.ts'
import { familyOf } from './family-of.ts'
import { isVerbose } from './request-headers.ts'
import { bareFraming, streamText } from './stream-text.ts'
import type { StreamFraming } from './stream-text.ts'

type Version = 'v1' | 'v2'

/** Prompts of GitLab's catalogue that have endpoints of their own. */
const servedElsewhere = new Set([
  'chat/react',
  'code_suggestions/completions',
  'code_suggestions/generations',
  'embeddings_code',
])

/** `POST /v1/prompts/{id}` and `/v2/prompts/{id}`: every prompt, by what its feature declares. Ids may hold slashes, encoded or not. */
export const promptRoutes = (dependencies: HandlerDependencies): Route[] =>
  (['v1', 'v2'] as const).map((version) => ({
    method: 'POST',
    path: `/${version}/prompts/*`,
    handle: (exchange) => answerPrompt(version, exchange, dependencies),
    failed: (thrown, exchange) => {
      const feature = promptFeatures.get(promptIdOf(exchange))
      return feature?.connectionTest === true
        ? connectionTestFailure(thrown, isVerbose(exchange.headers), feature.defaults.firstByteMs)
        : promptFailure(thrown, isVerbose(exchange.headers))
    },
  }))

const promptIdOf = (exchange: Exchange): string => exchange.path.replace(/^\/v[12]\/prompts\//, '')

/** Body before prompt, prompt before scope, scope before inputs: the order of GitLab's gateway. */
const answerPrompt = async (
  version: Version,
  exchange: Exchange,
  dependencies: HandlerDependencies,
): Promise<HttpAnswer | null> => {
  const principal = callerOf(exchange)
  const parsed = parsePromptRequest(await exchange.readJson())
  if (!parsed.ok) return invalidBody(parsed.issues, exchange)
  const { request } = parsed
  const id = promptIdOf(exchange)
  const feature = promptFeatures.get(id)
  if (feature === undefined) return unknownPrompt(id)
  if (!isVersionConstraint(request.version))
    return jsonAnswer(400, { detail: `Version '${request.version.slice(0, 64)}' is not a valid version constraint` })
  if (!feature.unitPrimitives.some((scope) => principal.scopes.has(scope)))
    return jsonAnswer(403, { detail: `Unauthorized to access '${id}'` })
  const inputs = parseInputs(feature, request, dependencies.now())
  if (!inputs.ok) return unusableInputs(inputs)

  const { model, stream } = request
  const asked = { input: inputs.input, model, principal: principal.digest, whole: !stream }
  const intake = intakeOf(feature, asked, exchange, dependencies)
  const answer = await dependencies.desk.ask(intake, exchange.clientGone)
  const rewrite = feature.answer(inputs.input.inputs, familyOf(answer))
  if (!stream) return wholeAnswer(version, answer, rewrite, dependencies)
  const servedName = servedNameOf(answer, dependencies)
  await streamText(exchange, answer, rewrite, version === 'v1' ? bareFraming : lineFraming(servedName))
  return null
}

const unknownPrompt = (id: string): HttpAnswer => {
  const named = id.slice(0, 255)
  return servedElsewhere.has(id)
    ? jsonAnswer(422, { detail: `Prompt '${named}' is not supported` })
    : jsonAnswer(400, { detail: `Failed to load prompt definition for '${named}': there is no such prompt` })
}

/** Names of inputs are those of the prompt: nothing of the client's is repeated. */
const unusableInputs = (problem: { missing: readonly string[]; unusable: readonly string[] }): HttpAnswer =>
  jsonAnswer(422, {
    detail: [
      ...(problem.missing.length > 0 ? [`Missing prompt inputs: ${problem.missing.join(', ')}`] : []),
      ...(problem.unusable.length > 0 ? [`Prompt inputs of a wrong type: ${problem.unusable.join(', ')}`] : []),
    ].join('. '),
  })

const wholeAnswer = async (
  version: Version,
  answer: Answer,
  rewrite: TextStream,
  dependencies: HandlerDependencies,
): Promise<HttpAnswer> => {
  const { text, usage } = await collectText(answer)
  const content = rewritten(text, rewrite)
  if (version === 'v1') return jsonAnswer(200, content)
  return jsonAnswer(200, { content, ...usageOf(servedNameOf(answer, dependencies), usage) })
}

/** One JSON object on each line; the last one tells the usage. */
const lineFraming = (servedName: string): StreamFraming => ({
  piece: (content) => `${JSON.stringify({ content })}\n`,
  last: (content, usage) => `${JSON.stringify({ content, ...usageOf(servedName, usage) })}\n`,
})

const usageOf = (servedName: string, usage: Usage | null): object =>
  usage === null
    ? {}
    : { usage: { [servedName]: { input_tokens: usage.promptTokens, output_tokens: usage.completionTokens } } }

/** What the node calls the model: the label under which the usage is told. */
const servedNameOf = ({ accepted }: Answer, dependencies: HandlerDependencies): string => {
  const document = dependencies.config()?.document
  return (document && findModelByName(document, accepted.model)?.servedName) ?? accepted.model
}
