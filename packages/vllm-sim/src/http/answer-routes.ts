import { batchDialect } from '../dialects/batch-dialect.ts'
import { chatDialect, completionDialect } from '../dialects/dialect.ts'
import type { Dialect } from '../dialects/dialect.ts'
import { generateDialect } from '../dialects/generate-dialect.ts'
import { invocationDialect } from '../dialects/invocation-dialect.ts'
import { messagesDialect, messagesError } from '../dialects/messages-dialect.ts'
import { conversationOf, CountTokensRequest } from '../dialects/messages-request.ts'
import { responsesDialect } from '../dialects/responses-dialect.ts'
import { unknownResponse } from '../dialects/responses-request.ts'
import { translatedChat } from '../dialects/translated.ts'
import { conversationPrompt } from '../openai/prompts.ts'
import { badRequest, unknownModel, unsupportedTask } from '../openai/refusal.ts'
import type { Refusal } from '../openai/refusal.ts'
import type { ServedModels } from '../served-models.ts'
import type { InferenceRoute } from './inference-route.ts'
import { readBody } from './read-body.ts'
import { renderRoute } from './render-route.ts'
import type { Route, Routes } from './routes.ts'
import { sendJson, sendRefusal } from './send-json.ts'

export interface AnswerRouteDependencies {
  readonly inference: InferenceRoute
  readonly models: ServedModels
  /** `/v1/embeddings`. */
  readonly embed: Route
}

/** The routes that ask for answers in any form, or count and render what would be asked. */
export const answerRoutes = ({ inference, models, embed }: AnswerRouteDependencies): Routes => {
  const answer = (dialect: Dialect): Routes[string] => ({
    POST: ({ message, response }) => inference.handle(message, response, dialect),
  })
  const { POST: invoke } = answer(invocationDialect) as { readonly POST: Route }
  return {
    '/v1/chat/completions': answer(chatDialect),
    '/v1/completions': answer(completionDialect),
    '/v1/chat/completions/batch': answer(batchDialect),
    '/v1/chat/completions/render': { POST: renderRoute(models, chatDialect) },
    '/v1/completions/render': { POST: renderRoute(models, completionDialect) },
    '/v1/responses': answer(responsesDialect),
    [storedResponse]: { GET: stored },
    [cancelledResponse]: { POST: stored },
    '/v1/messages': answer(messagesDialect),
    '/v1/messages/count_tokens': { POST: countTokens(models) },
    '/inference/v1/generate': answer(generateDialect),
    '/invocations': { POST: (call) => (call.settings.task === 'embed' ? embed(call) : invoke(call)) },
    '/v1/embeddings': { POST: embed },
    ...Object.fromEntries(Object.entries(poolingTasks).map(([path, task]) => [path, { POST: unsupported(task) }])),
  }
}

const storedResponse = '/v1/responses/{response_id}'
const cancelledResponse = '/v1/responses/{response_id}/cancel'

/** The route of a path, for routes with a part that varies. */
export const routePattern = (path: string): string => {
  const [, cancel] = /^\/v1\/responses\/[^/]+(\/cancel)?$/.exec(path) ?? [null, null]
  if (cancel === null) return path
  return cancel === undefined ? storedResponse : cancelledResponse
}

/** What a model that generates text, or embeds it, is not made for. */
export const poolingTasks = {
  '/pooling': 'the Pooling API',
  '/classify': 'the Classification API',
  '/score': 'the Score API',
  '/v1/score': 'the Score API',
  '/rerank': 'the Rerank API',
  '/v1/rerank': 'the Rerank API',
  '/v2/rerank': 'the Rerank API',
  '/v2/embed': 'the Embed API',
} as const

const unsupported =
  (task: string): Route =>
  ({ response, profile }) =>
    sendRefusal(response, unsupportedTask(profile, task), profile)

/** Nothing is stored, so nothing is found. */
const stored: Route = ({ message, response, profile }) => {
  const id = decodeURIComponent(new URL(message.url ?? '/', 'http://node').pathname.split('/')[3] ?? '')
  const why = id.startsWith('resp_')
    ? unknownResponse(id)
    : badRequest(`The id \`${id}\` does not begin with resp_.`, 'response_id')
  sendRefusal(response, why, profile)
}

const countTokens =
  (models: ServedModels): Route =>
  async ({ message, response, settings, profile }) => {
    const refuse = (why: Refusal): void => sendJson(response, why.status, messagesError(why))
    if (settings.task === 'embed') return refuse(unsupportedTask(profile, 'the Messages API'))
    const body = await readBody(message, CountTokensRequest)
    if (body.kind === 'refused') return refuse(body)
    if (models.find(body.value.model) === undefined) return refuse(unknownModel(body.value.model))
    const chat = translatedChat(conversationOf(body.value))
    if ('kind' in chat) return refuse(chat)
    sendJson(response, 200, { input_tokens: conversationPrompt(chat.body).tokens })
  }
