import type { IncomingMessage } from 'node:http'
import type { z } from 'zod'
import { unreadable } from '../openai/refusal.ts'
import type { Refusal } from '../openai/refusal.ts'
import { readJson } from './read-json.ts'

/** Reads the JSON body of a call and checks its form. Throws when the client leaves while sending it. */
export const readBody = async <T>(
  message: IncomingMessage,
  schema: z.ZodType<T>,
): Promise<{ readonly kind: 'body'; readonly value: T } | Refusal> => {
  const body = await readJson(message)
  if (!/^application\/(json|[\w.-]+\+json)\b/i.test(message.headers['content-type'] ?? '')) {
    return unreadable('Unsupported Media Type: Only application/json is allowed.')
  }
  if (body.kind === 'unreadable') return unreadable(`The body is not JSON: ${body.reason}`)
  const parsed = schema.safeParse(body.value)
  return parsed.success ? { kind: 'body', value: parsed.data } : unreadable(problems(parsed.error))
}

const problems = (error: z.ZodError): string =>
  error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ')
