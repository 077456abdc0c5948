import type { IncomingHttpHeaders } from 'node:http'
import { textAnswer } from './http-answer.ts'
import type { HttpAnswer } from './http-answer.ts'

const preflightMaxAgeS = 600

/** Headers that let a page of any origin read an answer; none for callers that are no page. */
export const corsHeaders = (headers: IncomingHttpHeaders): Record<string, string> =>
  headers.origin === undefined
    ? {}
    : { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'X-Request-ID' }

/** The answer to a preflight, given before authentication; null when the call is none. Only POST is allowed. */
export const preflightAnswer = (method: string, headers: IncomingHttpHeaders): HttpAnswer | null => {
  const wanted = headers['access-control-request-method']
  if (method !== 'OPTIONS' || headers.origin === undefined || wanted === undefined) return null
  const wantedHeaders = headers['access-control-request-headers']
  const allowed = {
    'access-control-allow-methods': 'POST',
    'access-control-max-age': String(preflightMaxAgeS),
    vary: 'Origin',
    ...(wantedHeaders === undefined ? {} : { 'access-control-allow-headers': wantedHeaders }),
  }
  return wanted === 'POST' ? textAnswer(200, 'OK', allowed) : textAnswer(400, 'Disallowed CORS method', allowed)
}
