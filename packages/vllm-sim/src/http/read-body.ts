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

const problems = (error: z.ZodError): string => error.issues.map((issue) => problem(issue, [])).join('; ')

/** Of several forms that something may have, the one that the body comes nearest to says what is wrong. */
const problem = (issue: z.core.$ZodIssue, at: readonly PropertyKey[]): string => {
  const path = [...at, ...issue.path]
  const depth = (issues: readonly z.core.$ZodIssue[]): number => Math.max(0, ...issues.map((one) => one.path.length))
  const forms = issue.code === 'invalid_union' ? issue.errors.toSorted((one, other) => depth(other) - depth(one)) : []
  const [nearest = []] = forms
  if (depth(nearest) > 0) return nearest.map((one) => problem(one, path)).join('; ')
  return `${path.join('.') || 'body'}: ${issue.message}`
}
