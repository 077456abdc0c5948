import type { ToolCall, ToolCallDelta, Usage } from '@penstock/models'
import type { AnswerEnvelope, AnswerFinish } from '../openai/envelope.ts'
import { envelopeJson, pendingUsage, usageJson } from '../openai/envelope.ts'

/** A piece of an answer, as runs deliver it. */
export type ChatPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reasoning'; readonly text: string }
  | { readonly kind: 'tool-calls'; readonly calls: readonly ToolCallDelta[] }

export interface ChatAnswer {
  readonly text: string
  readonly reasoning: string
  readonly toolCalls: readonly ToolCall[]
  readonly finishReason: AnswerFinish
  /** Null when the node did not tell. */
  readonly usage: Usage | null
}

/** The whole answer of `/v1/chat/completions` without streaming. */
export function chatCompletion(envelope: AnswerEnvelope, answer: ChatAnswer) {
  const calls = answer.toolCalls.map(({ id, name, arguments: args }) => ({
    id,
    type: 'function',
    function: { name, arguments: args },
  }))
  const message = {
    role: 'assistant',
    content: answer.text === '' && calls.length > 0 ? null : answer.text,
    refusal: null,
    ...(answer.reasoning === '' ? {} : { reasoning: answer.reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
  return {
    ...envelopeJson('chat.completion', envelope),
    choices: [{ index: 0, message, logprobs: null, finish_reason: answer.finishReason }],
    ...(answer.usage === null ? {} : { usage: usageJson(answer.usage) }),
  }
}

/** First chunk of a stream: who speaks. */
export function chatRoleChunk(envelope: AnswerEnvelope) {
  return chunk(envelope, { role: 'assistant', content: '' }, null)
}

export function chatPartChunk(envelope: AnswerEnvelope, part: ChatPart) {
  return chunk(envelope, deltaOf(part), null)
}

/** Last chunk with a choice: why the answer ended. */
export function chatFinishChunk(envelope: AnswerEnvelope, finishReason: AnswerFinish) {
  return chunk(envelope, {}, finishReason)
}

/** Very last chunk, when the client asked for the usage. */
export function chatUsageChunk(envelope: AnswerEnvelope, usage: Usage) {
  return { ...envelopeJson('chat.completion.chunk', envelope), choices: [], usage: usageJson(usage) }
}

function chunk(envelope: AnswerEnvelope, delta: object, finishReason: AnswerFinish | null) {
  return {
    ...envelopeJson('chat.completion.chunk', envelope),
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
    ...pendingUsage(envelope),
  }
}

function deltaOf(part: ChatPart): object {
  switch (part.kind) {
    case 'text':
      return { content: part.text }
    case 'reasoning':
      return { reasoning: part.text }
    case 'tool-calls':
      return { tool_calls: part.calls.map(callDelta) }
  }
}

function callDelta({ index, id, name, arguments: args }: ToolCallDelta) {
  const called = { ...(name === undefined ? {} : { name }), ...(args === undefined ? {} : { arguments: args }) }
  return { index, ...(id === undefined ? {} : { id, type: 'function' }), function: called }
}
