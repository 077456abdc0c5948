import { badRequest } from '../openai/refusal.ts'
import type { Refusal } from '../openai/refusal.ts'
import { ChatRequest } from '../openai/request.ts'
import type { InferenceRequest } from '../openai/request.ts'
import type { Dialect } from './dialect.ts'

/** A chat made of another dialect's request, whose own form was checked. Members that are undefined count as missing. */
export const translatedChat = (chat: object): Extract<InferenceRequest, { endpoint: 'chat' }> | Refusal => {
  const parsed = ChatRequest.safeParse(chat)
  if (parsed.success) return { endpoint: 'chat', body: parsed.data }
  return badRequest(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '))
}

/** A refusal in the words of a dialect: `names` says how it calls a chat's fields. */
export const inOwnWords = (why: Refusal, names: Dialect['names'] = {}): Refusal => {
  const own = (text: string): string =>
    text.replace(/\b[a-z]+(?:_[a-z]+)*\b/g, (word) => (Object.hasOwn(names, word) ? (names[word] as string) : word))
  return { ...why, message: own(why.message), param: why.param === null ? null : own(why.param) }
}

/** Usage of a whole request, as numbers. */
export interface UsageCounts {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly prompt_tokens_details?: { readonly cached_tokens: number } | null
  readonly completion_tokens_details?: { readonly reasoning_tokens: number }
}
