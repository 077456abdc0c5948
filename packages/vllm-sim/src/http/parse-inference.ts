import type { IncomingMessage } from 'node:http'
import type { z } from 'zod'
import { unreadable } from '../openai/refusal.ts'
import type { Refusal } from '../openai/refusal.ts'
import { ChatRequest, CompletionRequest } from '../openai/request.ts'
import type { Endpoint, InferenceRequest } from '../openai/request.ts'
import { readJson } from './read-json.ts'

/** Reads the body of an inference call. Throws when the client leaves while sending it. */
export const parseInference = async (
  message: IncomingMessage,
  endpoint: Endpoint,
): Promise<InferenceRequest | Refusal> => {
  const body = await readJson(message)
  if (!/^application\/(json|[\w.-]+\+json)\b/i.test(message.headers['content-type'] ?? '')) {
    return unreadable('Unsupported media type: the body must be application/json.')
  }
  if (body.kind === 'unreadable') return unreadable(`The body is not JSON: ${body.reason}`)
  if (endpoint === 'chat') {
    const parsed = ChatRequest.safeParse(body.value)
    return parsed.success ? { endpoint, body: parsed.data } : unreadable(problems(parsed.error))
  }
  const parsed = CompletionRequest.safeParse(body.value)
  return parsed.success ? { endpoint, body: parsed.data } : unreadable(problems(parsed.error))
}

const problems = (error: z.ZodError): string =>
  error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ')
