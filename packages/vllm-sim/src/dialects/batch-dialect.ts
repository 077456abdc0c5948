import { z } from 'zod'
import { readBody } from '../http/read-body.ts'
import { badRequest } from '../openai/refusal.ts'
import { ChatRequest } from '../openai/request.ts'
import type { Dialect } from './dialect.ts'

const BatchRequest = ChatRequest.extend({ messages: z.array(ChatRequest.shape.messages).min(1) })

/** `/v1/chat/completions/batch`: several conversations, one choice each. */
export const batchDialect: Dialect = {
  task: 'batches of chats',
  read: async (message) => {
    const body = await readBody(message, BatchRequest)
    if (body.kind === 'refused') return body
    const { messages, ...rest } = body.value
    if (rest.stream === true) return badRequest('A batch cannot be streamed.', 'stream')
    if (rest.tools != null) return badRequest('A batch cannot have tools.', 'tools')
    if ((rest.n ?? 1) !== 1) return badRequest('A batch has one choice per conversation.', 'n')
    const [first] = messages
    if (first === undefined) return badRequest('messages must not be empty.', 'messages')
    return {
      kind: 'asked',
      request: { endpoint: 'chat', body: { ...rest, messages: first }, conversations: messages },
    }
  },
}
