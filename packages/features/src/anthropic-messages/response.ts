import type { ToolCall, Usage } from '@penstock/models'
import type { AnswerEnvelope, AnswerFinish } from '../openai/envelope.ts'

export interface MessageAnswer {
  readonly text: string
  /** Empty when the client did not ask to see it. */
  readonly reasoning: string
  readonly toolCalls: readonly ToolCall[]
  readonly finishReason: AnswerFinish
  /** The client's stop sequence that ended the answer. */
  readonly stopSequence: string | null
  /** Null when the node did not tell. */
  readonly usage: Usage | null
}

/** The whole answer of `/v1/messages`. Throws SyntaxError when a finished tool call is no JSON. */
export function anthropicMessage(envelope: AnswerEnvelope, answer: MessageAnswer) {
  const { text, reasoning, toolCalls, finishReason, stopSequence } = answer
  return {
    ...messageJson(envelope),
    content: [
      ...(reasoning === '' ? [] : [{ type: 'thinking', thinking: reasoning, signature: '' }]),
      ...(text === '' ? [] : [{ type: 'text', text }]),
      ...toolCalls.map(({ id, name, arguments: args }) => ({
        type: 'tool_use',
        id,
        name,
        input: toolInput(args, finishReason),
      })),
    ],
    stop_reason: stopReason(finishReason, stopSequence),
    stop_sequence: stopSequence,
    usage: usageJson(answer.usage),
  }
}

/** What every message says of itself. */
export function messageJson({ id, model }: AnswerEnvelope) {
  return { id, type: 'message', role: 'assistant', model }
}

export function usageJson(usage: Usage | null) {
  return {
    input_tokens: usage?.promptTokens ?? 0,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: usage?.completionTokens ?? 0,
  }
}

export function stopReason(finish: AnswerFinish, stopSequence: string | null): string {
  switch (finish) {
    case 'stop':
      return stopSequence === null ? 'end_turn' : 'stop_sequence'
    case 'length':
      return 'max_tokens'
    case 'tool_calls':
      return 'tool_use'
    case 'content_filter':
      return 'refusal'
  }
}

/** A call that the output limit cut has no whole input; one without parameters may have none. */
function toolInput(args: string, finish: AnswerFinish): unknown {
  if (args.trim() === '') return {}
  try {
    return JSON.parse(args)
  } catch (error) {
    if (finish === 'length') return {}
    throw error
  }
}
