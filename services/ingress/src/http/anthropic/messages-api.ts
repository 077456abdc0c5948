import { RequestFailure } from '@penstock/contracts'
import { anthropicMessage, features, MessageEvents, parseAnthropicMessages, parseTokenCount } from '@penstock/features'
import type { MessageEvent, OpenAiChatInput } from '@penstock/features'
import { assembleToolCalls } from '@penstock/models'
import type { Handler } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import { namedEvent } from '../provider/named-event.ts'
import type { ProviderApi, ProviderRequest } from '../provider/provider-api.ts'
import { anthropicErrors } from './errors.ts'

type MessagesRequest = ProviderRequest<OpenAiChatInput> & { readonly thinking: boolean }

const feature = features['anthropic-messages']

/** `/v1/messages` of Anthropic's API. */
export const messagesApi: ProviderApi<OpenAiChatInput, MessagesRequest> = {
  feature,
  idPrefix: 'msg_',
  errors: anthropicErrors,
  parse: parseAnthropicMessages,
  showsReasoning: ({ thinking }) => thinking,
  whole(envelope, { calls, ...answer }, { input, thinking }) {
    try {
      return anthropicMessage(envelope, {
        ...answer,
        reasoning: thinking ? answer.reasoning : '',
        toolCalls: assembleToolCalls([...calls]),
        stopSequence: stopSequenceOf(input, answer.stopString),
      })
    } catch (error) {
      // Only an object can be a tool's input here, and the model wrote none.
      throw new RequestFailure('backend_error', { upstreamStatus: 502 }, error)
    }
  },
  events(envelope, { input, thinking }) {
    const { promptTokensEstimate } = feature.size(input)
    const events = new MessageEvents(envelope, { thinking, promptTokensEstimate })
    const write = (some: readonly MessageEvent[]): string => some.map((event) => namedEvent(event)).join('')
    return {
      opening: write(events.start()),
      write(part) {
        switch (part.kind) {
          case 'text':
            return write(events.text(part.text))
          case 'reasoning':
            return write(events.reasoning(part.text))
          case 'embedding':
          case 'anew':
            return ''
          case 'tool-calls':
            return write(events.toolCalls(part.calls))
          case 'end':
            return write(events.end(part.finishReason, stopSequenceOf(input, part.stopString ?? null), part.usage))
        }
      },
    }
  },
}

/** A stop string counts only when it is one of the client's: servers have others. */
const stopSequenceOf = ({ stop }: OpenAiChatInput, stopString: string | null): string | null =>
  stopString !== null && stop?.includes(stopString) === true ? stopString : null

/** `/v1/messages/count_tokens`: an estimate on the high side, because no tokenizer is asked. */
export const countTokens: Handler = async (exchange) => {
  const parsed = parseTokenCount(await exchange.readJson())
  if (!parsed.ok) return anthropicErrors.refused(parsed)
  return jsonAnswer(200, { input_tokens: feature.size(parsed.input).promptTokensEstimate })
}
