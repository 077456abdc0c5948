import type { Usage } from '@penstock/models'

/** What all objects of one answer have in common. */
export interface AnswerEnvelope {
  /** Id of the answer, `chatcmpl-…` or `cmpl-…`. */
  readonly id: string
  /** When the answer began, epoch ms. */
  readonly createdAt: number
  /** The model as the client named it. */
  readonly model: string
  /** A usage chunk will end the stream: then the other chunks say `usage: null`. */
  readonly includeUsage?: boolean
}

/** How a complete answer ended. */
export type AnswerFinish = 'stop' | 'length' | 'tool_calls' | 'content_filter'

export function envelopeJson(object: string, envelope: AnswerEnvelope) {
  return { id: envelope.id, object, created: Math.floor(envelope.createdAt / 1000), model: envelope.model }
}

/** `usage: null` for the chunks ahead of a usage chunk. */
export function pendingUsage(envelope: AnswerEnvelope): { usage?: null } {
  return envelope.includeUsage ? { usage: null } : {}
}

export function usageJson(usage: Usage) {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
  }
}
