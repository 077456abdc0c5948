import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Reply, ReplyDetail } from '../http/reply.ts'
import { readBody } from '../http/read-body.ts'
import type { Refusal } from '../openai/refusal.ts'
import { ChatRequest, CompletionRequest } from '../openai/request.ts'
import type { InferenceRequest } from '../openai/request.ts'
import type { VersionProfile } from '../profiles/version-profile.ts'

/** One form of asking for answers: how its requests become chats or completions, and what its answers and errors look like. */
export interface Dialect {
  /** What a model of another kind says it does not support. */
  readonly task: string
  /** Throws when the client leaves while sending. */
  read(message: IncomingMessage): Promise<Asked | Refusal>
  /** Names of a chat's fields where the dialect has others. */
  readonly names?: Readonly<Record<string, string>>
  /** Body of an error; without it, the release's own form. */
  readonly errorBody?: (refusal: Refusal, profile: VersionProfile) => object
}

/** A request in the terms of the engine, and how to answer it; without `reply` as the chat or completion it is. */
export interface Asked {
  readonly kind: 'asked'
  readonly request: InferenceRequest
  readonly reply?: (response: ServerResponse, detail: ReplyDetail) => Reply
}

export const chatDialect: Dialect = {
  task: 'chats',
  read: async (message) => {
    const body = await readBody(message, ChatRequest)
    return body.kind === 'body' ? { kind: 'asked', request: { endpoint: 'chat', body: body.value } } : body
  },
}

export const completionDialect: Dialect = {
  task: 'completions',
  read: async (message) => {
    const body = await readBody(message, CompletionRequest)
    return body.kind === 'body' ? { kind: 'asked', request: { endpoint: 'completion', body: body.value } } : body
  },
}
