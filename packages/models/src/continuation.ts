import type { ModelCall, TextCall } from './call.ts'
import type { ChatMessage } from './message.ts'

/** What earlier attempts have delivered of an answer. */
export interface Said {
  readonly text: string
  /** Output tokens it took. */
  readonly tokens: number
  /** Those of them that were hidden reasoning; none when absent. */
  readonly thoughtTokens?: number | undefined
}

/** Said text, and what else of the answer has begun. */
export interface Progress {
  readonly text: string
  readonly toolCallsBegun: boolean
  readonly reasoningBegun: boolean
}

export type CanContinue =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'tool_calls_begun' | 'reasoning_begun' | 'guided_output' }

/**
 * Whether another node can go on where an answer broke off. An answer of which nothing was delivered can always start again.
 * Grammar and reasoning state are lost with the node: neither can be rebuilt from text.
 */
export function canContinue(call: ModelCall, said: Progress): CanContinue {
  if (said.toolCallsBegun) return { ok: false, reason: 'tool_calls_begun' }
  if (said.reasoningBegun) return { ok: false, reason: 'reasoning_begun' }
  if (said.text === '') return { ok: true }
  if (call.kind !== 'embedding' && isGuided(call)) return { ok: false, reason: 'guided_output' }
  return { ok: true }
}

export type Continuation =
  | { readonly kind: 'call'; readonly call: ModelCall }
  /** The output limit was used up by what was said: there is nothing to ask. */
  | { readonly kind: 'complete'; readonly finishReason: 'length' }

/** The call that yields the rest of an answer. Ask `canContinue` first. */
export function continuation(call: ModelCall, said: Said): Continuation {
  // Vectors are told apart by their index: what came twice is the same.
  if (said.text === '' || call.kind === 'embedding') return { kind: 'call', call }
  // The limit of a brief call is its answer's alone: thoughts had room of their own.
  const usedTokens = call.brief === true ? said.tokens - (said.thoughtTokens ?? 0) : said.tokens
  const maxTokens = call.maxTokens === undefined ? undefined : call.maxTokens - usedTokens
  if (maxTokens !== undefined && maxTokens <= 0) return { kind: 'complete', finishReason: 'length' }
  const rest = maxTokens === undefined ? {} : { maxTokens }
  if (call.kind === 'completion') return { kind: 'call', call: { ...call, ...rest, prompt: call.prompt + said.text } }
  const messages = withSaid(call.messages, call.continueFinal ?? false, said.text)
  return { kind: 'call', call: { ...call, ...rest, messages, continueFinal: true } }
}

/** Never more output tokens than the limit; asked explicitly even where the call names none. */
export function limitOutput(call: ModelCall, maxTokens: number): ModelCall {
  if (call.kind === 'embedding') return call
  return { ...call, maxTokens: Math.min(call.maxTokens ?? maxTokens, maxTokens) }
}

function isGuided(call: TextCall): boolean {
  const forced = call.toolChoice === 'required' || typeof call.toolChoice === 'object'
  return call.responseFormat !== undefined || forced
}

function withSaid(messages: readonly ChatMessage[], prefilled: boolean, text: string): ChatMessage[] {
  const last = messages.at(-1)
  if (!prefilled || last?.role !== 'assistant') return [...messages, { role: 'assistant', content: text }]
  return [...messages.slice(0, -1), { ...last, content: (last.content ?? '') + text }]
}
