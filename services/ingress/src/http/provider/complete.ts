import { randomBytes } from 'node:crypto'
import { RequestFailure } from '@penstock/contracts'
import type { ModelReference } from '@penstock/contracts'
import type { AnswerEnvelope } from '@penstock/features'
import type { ToolCallDelta } from '@penstock/models'
import type { Answer } from '../../core/intake.ts'
import type { Exchange } from '../exchange.ts'
import type { Handler, HandlerDependencies } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import { intakeOf } from '../intake.ts'
import { checkFits } from './fits-model.ts'
import type { CollectedAnswer, EventWriter, ProviderApi, ProviderRequest } from './provider-api.ts'

/** On whose behalf a request runs, and at which model. */
export interface Admitted {
  readonly principal: string
  readonly model: ModelReference
}

/** What a client may ask for under the name it gives; null: no model goes by that name for it. */
export type Admit = (exchange: Exchange, model: string) => Admitted | null

/** Answers an endpoint of a provider's API from self-hosted models. */
export const complete =
  <I, R extends ProviderRequest<I>>(api: ProviderApi<I, R>, dependencies: HandlerDependencies, admit: Admit): Handler =>
  async (exchange) => {
    const parsed = api.parse(await exchange.readJson())
    if (!parsed.ok) return api.errors.refused(parsed)
    const admitted = admit(exchange, parsed.model)
    if (admitted === null) return api.errors.unknownModel(parsed.model)
    const asked = {
      ...admitted,
      input: parsed.input,
      whole: !parsed.stream || api.events === undefined,
      reasoning: api.showsReasoning?.(parsed) === true ? ('shown' as const) : ('told' as const),
    }
    const intake = intakeOf(api.feature, asked, exchange, dependencies)
    const { tokensEstimate, param } = api.longestPrompt?.(parsed.input) ?? {
      tokensEstimate: intake.promptTokensEstimate,
      param: 'messages',
    }
    checkFits(admitted.model, { tokensEstimate, param, embeds: api.feature.embeds ?? false }, dependencies.config())
    const answer = await dependencies.desk.ask(intake, exchange.clientGone)
    const envelope: AnswerEnvelope = {
      id: `${api.idPrefix}${randomBytes(12).toString('hex')}`,
      createdAt: dependencies.now(),
      model: parsed.model,
      includeUsage: parsed.includeUsage,
    }
    const writer = parsed.stream ? api.events?.(envelope, parsed) : undefined
    if (writer === undefined) return jsonAnswer(200, api.whole(envelope, await collect(answer), parsed))
    await streamEvents(exchange, answer, writer, api)
    return null
  }

const collect = async ({ parts }: Answer): Promise<CollectedAnswer> => {
  const texts: string[] = []
  const reasonings: string[] = []
  const calls: ToolCallDelta[] = []
  const vectors = new Map<number, readonly number[]>()
  for await (const part of parts) {
    switch (part.kind) {
      case 'text':
        texts.push(part.text)
        break
      case 'reasoning':
        reasonings.push(part.text)
        break
      case 'anew':
        texts.length = reasonings.length = calls.length = 0
        break
      case 'embedding':
        // An attempt that broke off may have delivered some before: the first of each counts.
        if (!vectors.has(part.index)) vectors.set(part.index, part.values)
        break
      case 'tool-calls':
        calls.push(...part.calls)
        break
      case 'end':
        return {
          text: texts.join(''),
          reasoning: reasonings.join(''),
          calls,
          vectors,
          finishReason: part.finishReason,
          stopString: part.stopString ?? null,
          usage: part.usage,
        }
    }
  }
  throw new RequestFailure('internal', {}, new Error('an answer ended without its end part'))
}

/** A failure on the way is an event, then the connection breaks off: without its last event nothing is complete. */
const streamEvents = async (
  exchange: Exchange,
  { parts }: Answer,
  writer: EventWriter,
  { errors }: Pick<ProviderApi<never>, 'errors'>,
): Promise<void> => {
  const stream = exchange.openStream()
  let ahead = writer.opening
  try {
    for await (const part of parts) {
      const events = ahead + writer.write(part)
      ahead = ''
      if (part.kind === 'end') stream.end(events)
      else stream.write(events)
    }
  } catch (error) {
    stream.write(errors.failureEvent(error))
    stream.cut()
    throw error
  }
}
