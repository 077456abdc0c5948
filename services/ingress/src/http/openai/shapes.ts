import {
  chatCompletion,
  chatFinishChunk,
  chatPartChunk,
  chatRoleChunk,
  chatUsageChunk,
  features,
  parseOpenAiChat,
  parseOpenAiCompletion,
  parseOpenAiResponses,
  ResponseEvents,
  textCompletion,
  textFinishChunk,
  textPartChunk,
  textUsageChunk,
} from '@penstock/features'
import type { OpenAiChatInput, OpenAiCompletionInput, ResponseEvent } from '@penstock/features'
import { assembleToolCalls } from '@penstock/models'
import type { ProviderApi } from '../provider/provider-api.ts'
import { openAiErrors } from './errors.ts'
import { namedEvent } from '../provider/named-event.ts'
import { eventOf, eventsOf } from './events.ts'
import type { AnswerShape } from './shape.ts'

const chunked = <I>(shape: AnswerShape<I>): ProviderApi<I> => ({
  feature: shape.feature,
  idPrefix: shape.idPrefix,
  errors: openAiErrors,
  parse: (json) => shape.parse(json),
  showsReasoning: () => shape.reasoning !== null,
  whole: (envelope, answer) => shape.whole(envelope, answer),
  events(envelope) {
    const opening = shape.opening(envelope)
    return { opening: opening === null ? '' : eventOf(opening), write: eventsOf(shape, envelope) }
  },
})

const chatShape: AnswerShape<OpenAiChatInput> = {
  feature: features['openai-chat'],
  idPrefix: 'chatcmpl-',
  parse: parseOpenAiChat,
  whole: (envelope, { calls, ...answer }) =>
    chatCompletion(envelope, { ...answer, toolCalls: assembleToolCalls([...calls]) }),
  opening: chatRoleChunk,
  text: (envelope, text) => chatPartChunk(envelope, { kind: 'text', text }),
  reasoning: (envelope, text) => chatPartChunk(envelope, { kind: 'reasoning', text }),
  toolCalls: (envelope, calls) => chatPartChunk(envelope, { kind: 'tool-calls', calls }),
  finish: chatFinishChunk,
  usage: chatUsageChunk,
}

const completionShape: AnswerShape<OpenAiCompletionInput> = {
  feature: features['openai-completion'],
  idPrefix: 'cmpl-',
  parse: parseOpenAiCompletion,
  whole: textCompletion,
  opening: () => null,
  text: textPartChunk,
  reasoning: null,
  toolCalls: () => null,
  finish: textFinishChunk,
  usage: textUsageChunk,
}

/** `/v1/chat/completions`. */
export const chatApi = chunked(chatShape)

/** `/v1/completions`: text alone. */
export const completionApi = chunked(completionShape)

/** `/v1/responses`: events of their own; a whole answer is what the last of them holds. */
export const responsesApi: ProviderApi<OpenAiChatInput> = {
  feature: features['openai-responses'],
  idPrefix: 'resp_',
  errors: openAiErrors,
  parse: parseOpenAiResponses,
  whole(envelope, { text, calls, finishReason, usage }) {
    const events = new ResponseEvents(envelope)
    if (text !== '') events.text(text)
    for (const { id, name, arguments: args, index } of indexed(assembleToolCalls([...calls])))
      events.toolCalls([{ index, id, name, arguments: args }])
    return (events.end(finishReason, usage).at(-1) as ResponseEvent).response as object
  },
  events(envelope) {
    const events = new ResponseEvents(envelope)
    const write = (some: readonly ResponseEvent[]): string => some.map((event) => namedEvent(event)).join('')
    return {
      opening: write(events.start()),
      write(part) {
        switch (part.kind) {
          case 'text':
            return write(events.text(part.text))
          case 'reasoning':
          case 'embedding':
          case 'anew':
            return ''
          case 'tool-calls':
            return write(events.toolCalls(part.calls))
          case 'end':
            return write(events.end(part.finishReason, part.usage))
        }
      },
    }
  },
}

const indexed = <T extends object>(items: readonly T[]): (T & { index: number })[] =>
  items.map((item, index) => ({ ...item, index }))
