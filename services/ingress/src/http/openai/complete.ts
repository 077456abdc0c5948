import { randomBytes } from 'node:crypto'
import { RequestFailure } from '@penstock/contracts'
import type { AnswerEnvelope } from '@penstock/features'
import type { ToolCallDelta } from '@penstock/models'
import type { Answer } from '../../core/intake.ts'
import type { Exchange } from '../exchange.ts'
import type { Handler, HandlerDependencies } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import { intakeOf } from '../intake.ts'
import { errorAnswer, errorBody, openAiError, unknownModel } from './errors.ts'
import { eventOf, eventsOf } from './events.ts'
import { configured, mayUse } from './models.ts'
import type { AnswerShape, CollectedAnswer } from './shape.ts'

/** `POST /v1/chat/completions` or `/v1/completions`, by shape. */
export const complete =
  <I>(shape: AnswerShape<I>, dependencies: HandlerDependencies): Handler =>
  async (exchange) => {
    const { caller } = exchange
    if (caller?.kind !== 'openai') throw new RequestFailure('internal')
    const parsed = shape.parse(await exchange.readJson())
    if (!parsed.ok) return errorAnswer({ status: 400, message: parsed.message, param: parsed.param })
    if (!mayUse(caller.key, parsed.model, configured(dependencies))) return errorAnswer(unknownModel(parsed.model))
    const request = {
      input: parsed.input,
      model: { kind: 'name', name: parsed.model },
      principal: caller.digest,
    } as const
    const answer = await dependencies.desk.ask(
      intakeOf(shape.feature, request, exchange, dependencies.digest),
      exchange.clientGone,
    )
    const envelope: AnswerEnvelope = {
      id: `${shape.idPrefix}-${randomBytes(12).toString('hex')}`,
      createdAt: dependencies.now(),
      model: parsed.model,
      includeUsage: parsed.includeUsage,
    }
    if (!parsed.stream) return jsonAnswer(200, shape.whole(envelope, await collect(answer)))
    await streamEvents(exchange, answer, shape, envelope)
    return null
  }

const collect = async ({ parts }: Answer): Promise<CollectedAnswer> => {
  const texts: string[] = []
  const reasonings: string[] = []
  const calls: ToolCallDelta[] = []
  for await (const part of parts) {
    switch (part.kind) {
      case 'text':
        texts.push(part.text)
        break
      case 'reasoning':
        reasonings.push(part.text)
        break
      case 'embedding':
        break
      case 'tool-calls':
        calls.push(...part.calls)
        break
      case 'end':
        return {
          text: texts.join(''),
          reasoning: reasonings.join(''),
          calls,
          finishReason: part.finishReason,
          usage: part.usage,
        }
    }
  }
  throw new RequestFailure('internal', {}, new Error('an answer ended without its end part'))
}

/** A failure on the way is an event, then the connection breaks off: without `[DONE]` nothing is complete. */
const streamEvents = async <I>(
  exchange: Exchange,
  { parts }: Answer,
  shape: AnswerShape<I>,
  envelope: AnswerEnvelope,
): Promise<void> => {
  const stream = exchange.openStream()
  const write = eventsOf(shape, envelope)
  const opening = shape.opening(envelope)
  let ahead = opening === null ? '' : eventOf(opening)
  try {
    for await (const part of parts) {
      const events = ahead + write(part)
      ahead = ''
      if (part.kind === 'end') stream.end(events)
      else stream.write(events)
    }
  } catch (error) {
    stream.write(eventOf(errorBody(openAiError(error))))
    stream.cut()
    throw error
  }
}
