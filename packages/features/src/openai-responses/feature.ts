import type { Feature } from '../feature.ts'
import { openAiChat } from '../openai-chat/feature.ts'
import type { OpenAiChatInput } from '../openai-chat/request.ts'

/** OpenAI's responses endpoint, without what it keeps between requests: translated on the way in, it is a chat. */
export const openAiResponses: Feature<OpenAiChatInput> = { ...openAiChat, name: 'openai-responses' }
