import {
  chatCompletion,
  chatFinishChunk,
  chatPartChunk,
  chatRoleChunk,
  chatUsageChunk,
  features,
  parseOpenAiChat,
  parseOpenAiCompletion,
  textCompletion,
  textFinishChunk,
  textPartChunk,
  textUsageChunk,
} from '@penstock/features'
import type { OpenAiChatInput, OpenAiCompletionInput } from '@penstock/features'
import { assembleToolCalls } from '@penstock/models'
import type { AnswerShape } from './shape.ts'

/** `/v1/chat/completions`. */
export const chatShape: AnswerShape<OpenAiChatInput> = {
  feature: features['openai-chat'],
  idPrefix: 'chatcmpl',
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

/** `/v1/completions`: text alone. */
export const completionShape: AnswerShape<OpenAiCompletionInput> = {
  feature: features['openai-completion'],
  idPrefix: 'cmpl',
  parse: parseOpenAiCompletion,
  whole: textCompletion,
  opening: () => null,
  text: textPartChunk,
  reasoning: () => null,
  toolCalls: () => null,
  finish: textFinishChunk,
  usage: textUsageChunk,
}
