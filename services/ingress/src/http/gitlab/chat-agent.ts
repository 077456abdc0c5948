import { STATUS_CODES } from 'node:http'
import { RequestFailure } from '@penstock/contracts'
import type { ErrorCode } from '@penstock/contracts'
import {
  errorEvent,
  eventLine,
  features,
  missingContextScope,
  parseChat,
  readChatEvents,
  spelledDate,
  toolsFor,
} from '@penstock/features'
import type { ChatEventReader } from '@penstock/features'
import type { Answer } from '../../core/intake.ts'
import type { ClientStream } from '../client-stream.ts'
import { Elsewhere } from '../../relay/elsewhere.ts'
import type { Exchange } from '../exchange.ts'
import type { Handler, HandlerDependencies } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import { intakeOf } from '../intake.ts'
import { callerOf, forbidden, invalidBody } from './code-answer.ts'
import { familyOf } from './family-of.ts'

const feature = features.chat

/** Either opens the chat: GitLab renamed the scope in January 2026 (contract http §5). */
const chatScopes = ['duo_classic_chat', 'duo_chat']

/** `POST /v2/chat/agent`: one step of Duo Chat. */
export const chatAgent =
  (dependencies: HandlerDependencies): Handler =>
  async (exchange) => {
    const { scopes, digest: principal } = callerOf(exchange)
    const parsed = parseChat(await exchange.readJson())
    if (!parsed.ok) return invalidBody(parsed.issues, exchange)
    const { request } = parsed
    if (!chatScopes.some((scope) => scopes.has(scope))) return forbidden('duo chat')
    const missing = missingContextScope(request, scopes)
    if (missing !== null) return forbidden(missing)
    if (request.misplacedSteps)
      return jsonAnswer(400, { detail: 'agent_scratchpad can only be present when role is ASSISTANT' })
    if (request.unusable !== null) {
      endWith(exchange, null, request.unusable)
      return null
    }

    const version = exchange.headers['x-gitlab-version']
    const input = {
      turns: [...request.turns],
      steps: [...request.steps],
      tools: toolsFor(scopes, typeof version === 'string' ? version : undefined),
      unavailable: [...request.unavailable],
      today: spelledDate(dependencies.now(), { weekday: true }),
      raw: request.raw,
    }
    const asked = { input, model: request.model, principal, whole: false }
    const intake = intakeOf(feature, asked, exchange, dependencies)
    try {
      const answer = await dependencies.desk.ask(intake, exchange.clientGone)
      const question = request.turns.at(-1)?.content ?? ''
      await streamEvents(exchange, answer, readChatEvents({ family: familyOf(answer), tools: input.tools, question }))
    } catch (error) {
      if (error instanceof Elsewhere) throw error
      tellFailure(exchange, error)
    }
    return null
  }

const streamEvents = async (exchange: Exchange, { parts }: Answer, reader: ChatEventReader): Promise<void> => {
  let stream: ClientStream | null = null
  const write = (events: readonly Parameters<typeof eventLine>[0][]): void => {
    if (events.length === 0) return
    stream ??= openEvents(exchange)
    for (const event of events) stream.write(eventLine(event))
  }
  try {
    for await (const part of parts) {
      if (part.kind === 'text') write(reader.text(part.text))
      else if (part.kind === 'tool-calls') reader.toolCalls(part.calls)
      else if (part.kind === 'end') write(reader.end(part.finishReason))
    }
    stream ??= openEvents(exchange)
    stream.end()
  } catch (error) {
    if (stream === null) throw error
    endWith(exchange, stream, messageOf(RequestFailure.fromUnknown(error)))
    exchange.failure ??= RequestFailure.fromUnknown(error).code
  }
}

/** Failures of the model are events; what GitLab has to hear as a status is thrown on (contract http §7.5). */
const tellFailure = (exchange: Exchange, error: unknown): void => {
  const failure = RequestFailure.fromUnknown(error)
  if (exchange.answered || !toldAsEvent.has(failure.code)) throw error
  exchange.failure ??= failure.code
  endWith(exchange, null, messageOf(failure))
}

const toldAsEvent = new Set<ErrorCode>(['backend_outage', 'backend_error'])

/** GitLab knows some texts: `prompt is too long` makes it advise a new conversation. Nothing here repeats a model server's own words. */
const messageOf = ({ code, detail: { message, upstreamStatus } }: RequestFailure): string => {
  if (code === 'backend_outage') return 'No model server is available.'
  if (code === 'backend_error' && message === undefined)
    return `The model server answered ${upstreamStatus ?? 500}: ${STATUS_CODES[upstreamStatus ?? 500] ?? 'Unknown'}`
  return message !== undefined && code === 'backend_error' ? message : 'The answer broke off.'
}

const openEvents = (exchange: Exchange): ClientStream =>
  exchange.openStream({ 'content-type': 'application/x-ndjson; charset=utf-8' })

const endWith = (exchange: Exchange, stream: ClientStream | null, message: string): void =>
  (stream ?? openEvents(exchange)).end(eventLine(errorEvent(message)))
