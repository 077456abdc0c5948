import type { Feature } from '../feature.ts'
import { openAiChat } from '../openai-chat/feature.ts'
import type { OpenAiChatInput } from '../openai-chat/request.ts'

/** Anthropic's messages endpoint, answered by any chat model: translated on the way in, it is the same question. */
export const anthropicMessages: Feature<OpenAiChatInput> = { ...openAiChat, name: 'anthropic-messages' }
