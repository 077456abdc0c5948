import { estimateTokens, textOf } from '@penstock/models'
import type { ChatMessage, Family } from '@penstock/models'
import type { Feature } from '../feature.ts'
import { defaultOutputTokens, outputTokens } from '../openai/output-tokens.ts'
import { OpenAiChatInput } from './request.ts'

/** Tokens around each message, and of an image: the middle of what common models take. */
const messageTokens = 8
const imageTokens = 1500

/** Instructions are shared whole or not at all. */
const promptCharsMax = 16_384
/**
 * Enough of the first question to tell conversations apart, and so little that it is the same once a client sends the question
 * grown: on the Mooncake conversation trace 1,000–2,000 tokens reach 98 % of the hits of one shared cache, 8,000 reach 87 %.
 */
const openingCharsMax = 4096

/** OpenAI's chat endpoint, for any client that speaks it. */
export const openAiChat: Feature<OpenAiChatInput> = {
  name: 'openai-chat',
  input: OpenAiChatInput,
  defaults: { lane: 'interactive', firstByteMs: 55_000, totalMs: 600_000, wholeMs: 600_000 },

  render(input, model) {
    return {
      kind: 'chat',
      ...input,
      messages: input.messages.map((message) => withKnownRole(message, model.family)),
      maxTokens: outputTokens(input.maxTokens, promptTokens(input), model),
    }
  },

  size(input) {
    return { promptTokensEstimate: promptTokens(input), outputTokensMax: input.maxTokens ?? defaultOutputTokens }
  },

  affinity(input) {
    const firstUser = input.messages.findIndex((message) => message.role === 'user')
    const instructions = input.messages.filter(({ role }) => role === 'system' || role === 'developer').slice(0, 1)
    const prompt = [JSON.stringify(input.tools ?? []), ...instructions.map(textOf)].join('\n').slice(0, promptCharsMax)
    const opening = firstUser < 0 ? '' : textOf(input.messages[firstUser] as ChatMessage).slice(0, openingCharsMax)
    const conversation = `openai-chat conversation\n${prompt}\n${opening}`
    return prompt === '[]' ? [conversation] : [conversation, `openai-chat prompt\n${prompt}`]
  },
}

/** Chat templates other than gpt-oss's know no developer: it is their system. */
function withKnownRole(message: ChatMessage, family: Family): ChatMessage {
  return message.role === 'developer' && family !== 'gpt' ? { ...message, role: 'system' } : message
}

function promptTokens(input: OpenAiChatInput): number {
  const messages = input.messages.reduce((sum, message) => sum + tokensOf(message), 0)
  const schemas = [input.tools, input.responseFormat].filter((schema) => schema !== undefined)
  return messages + schemas.reduce((sum, schema) => sum + estimateTokens(JSON.stringify(schema)), 0)
}

function tokensOf(message: ChatMessage): number {
  const images = Array.isArray(message.content) ? message.content.filter((part) => part.type === 'image').length : 0
  const calls =
    message.role === 'assistant' && message.toolCalls ? estimateTokens(JSON.stringify(message.toolCalls)) : 0
  return messageTokens + estimateTokens(textOf(message)) + images * imageTokens + calls
}
