import { z } from 'zod'
import { readBody } from '../http/read-body.ts'
import { unreadable } from '../openai/refusal.ts'
import { ChatRequest, CompletionRequest } from '../openai/request.ts'
import type { Dialect } from './dialect.ts'

const Invocation = z.union([
  ChatRequest,
  CompletionRequest.extend({ prompt: CompletionRequest.shape.prompt.nonoptional() }),
])

/** `/invocations`: a chat or a completion, whichever the body looks like. */
export const invocationDialect: Dialect = {
  task: 'invocations',
  read: async (message) => {
    const body = await readBody(message, Invocation)
    if (body.kind === 'refused')
      return body.param === null && body.type === 'Bad Request'
        ? unreadable('Cannot find suitable handler for request. Expected a body with messages or a prompt.')
        : body
    const { value } = body
    const request =
      'messages' in value
        ? ({ endpoint: 'chat', body: value as ChatRequest } as const)
        : ({ endpoint: 'completion', body: value as CompletionRequest } as const)
    return { kind: 'asked', request }
  },
}
