import { renderConversation } from '../text/conversation.ts'
import { countTokens, decodeTokens, encodeTokens } from '../text/tokenizer.ts'
import { badRequest } from './refusal.ts'
import type { Refusal } from './refusal.ts'
import type { ChatRequest, CompletionRequest, InferenceRequest } from './request.ts'

/** One prompt of a request. */
export interface Prompt {
  readonly bytes: Uint8Array
  readonly tokens: number
  /** What of the prompt the model is taken to have said already: the open final message of a conversation. */
  readonly said: string
  /** The question alone, for content that repeats or looks for it. */
  readonly question: string
}

/** The prompts of a request in order, or why one of them is none. Each conversation is one prompt. */
export const promptsOf = (request: InferenceRequest, modelLengthMax: number): Prompt[] | Refusal => {
  if (request.endpoint === 'chat') {
    const { body, conversations = [body.messages] } = request
    return conversations.map((messages) =>
      truncated(conversationPrompt({ ...body, messages }), request, modelLengthMax),
    )
  }
  const prompts: Prompt[] = []
  for (const one of several(request.body.prompt ?? '')) {
    const text = typeof one === 'string' ? one : decodeTokens(one)
    if (typeof text === 'object' && text.kind === 'unknown_id')
      return badRequest(`Token id ${text.id} is out of vocabulary.`, 'prompt')
    const question = typeof text === 'string' ? text : text.text
    const bytes = Buffer.from(question)
    prompts.push(truncated({ bytes, tokens: countTokens(bytes), said: '', question }, request, modelLengthMax))
  }
  return prompts
}

const several = (prompt: NonNullable<CompletionRequest['prompt']>): (string | number[])[] =>
  typeof prompt === 'string' ? [prompt] : typeof prompt[0] === 'number' ? [prompt as number[]] : (prompt as string[])

/** The prompt of a conversation. */
export const conversationPrompt = (
  body: Pick<ChatRequest, 'messages' | 'tools' | 'add_generation_prompt' | 'continue_final_message'>,
): Prompt => {
  const bytes = Buffer.from(
    renderConversation(body.messages, {
      tools: body.tools ?? [],
      addGenerationPrompt: body.add_generation_prompt,
      continueFinalMessage: body.continue_final_message,
    }),
  )
  const said = body.continue_final_message ? textOf(body.messages.at(-1)) : ''
  const question = textOf(body.messages.findLast((message) => message.role === 'user'))
  return { bytes, tokens: countTokens(bytes), said, question }
}

type Turn = ChatRequest['messages'][number]

/** The text of a message. */
const textOf = (turn: Turn | undefined): string =>
  typeof turn?.content === 'string' ? turn.content : (turn?.content ?? []).map((part) => part.text ?? '').join('')

const truncated = (prompt: Prompt, { body }: InferenceRequest, modelLengthMax: number): Prompt => {
  const wanted = body.truncate_prompt_tokens
  if (wanted == null) return prompt
  const most = wanted === -1 ? modelLengthMax - 1 : wanted
  if (prompt.tokens <= most) return prompt
  const ids = encodeTokens(prompt.bytes)
  const kept = body.truncation_side === 'right' ? ids.slice(0, most) : ids.slice(ids.length - most)
  const decoded = decodeTokens(kept)
  const bytes = Buffer.from(decoded.kind === 'text' ? decoded.text : '')
  return { ...prompt, bytes, tokens: countTokens(bytes) }
}
