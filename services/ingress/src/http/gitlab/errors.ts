import { STATUS_CODES } from 'node:http'
import { RequestFailure } from '@penstock/contracts'
import type { ErrorCode } from '@penstock/contracts'
import { BodyRefusal } from '../body-refusal.ts'
import { jsonAnswer, retryAfter, textAnswer } from '../http-answer.ts'
import type { HttpAnswer } from '../http-answer.ts'

const detail = (status: number, text: string): HttpAnswer => jsonAnswer(status, { detail: text })

/** Bodies say what is wrong only to instances that allow prompts to be logged. */
export const validationError = (verbose: boolean, printed: string): HttpAnswer =>
  detail(422, verbose ? printed : 'Validation error')

const bodyRefused = (refusal: BodyRefusal, verbose: boolean): HttpAnswer => {
  switch (refusal.kind) {
    case 'too_large':
      return detail(413, refusal.message)
    case 'unsupported':
      return detail(415, refusal.message)
    case 'malformed':
      return validationError(verbose, refusal.message)
  }
}

/**
 * A failure before the first byte, as GitLab's code endpoints are answered. Overload and gaps are 429, which GitLab retries; each
 * 5xx counts towards the breaker that switches a whole feature off, so it is kept for what no retry mends.
 */
const codeFailure = ({ code, detail: { message, retryAfterMs, upstreamStatus = 500 } }: RequestFailure): HttpAnswer => {
  switch (code) {
    case 'overloaded':
    case 'backend_unavailable':
    case 'store_unavailable':
    case 'audit_unavailable':
    case 'cannot_continue':
    // With the client still there, the ingress itself gave the request up: another one will take it.
    case 'cancelled':
    case 'client_too_slow':
      return jsonAnswer(429, { detail: 'Too many requests. Please try again later.' }, retryAfter(retryAfterMs))
    case 'backend_outage':
      return detail(503, 'Inference failed')
    case 'deadline_exceeded':
      return detail(504, 'Inference timed out')
    case 'backend_error':
      return modelServerFailed(upstreamStatus)
    case 'unknown_model':
      return detail(422, message ?? 'The configuration has no such model')
    case 'no_default_model':
      return detail(400, message ?? 'The request names no model and none is configured for this feature')
    case 'model_inactive':
      return detail(403, message ?? 'This feature is switched off by the configuration of the gateway')
    case 'invalid_request':
      return detail(422, 'Validation error')
    case 'payload_too_large':
      return detail(413, message ?? 'The request body is too large')
    case 'unauthenticated':
      return jsonAnswer(401, { error: 'Forbidden by auth provider' })
    case 'forbidden':
      return detail(403, message ?? 'Forbidden')
    case 'not_found':
      return detail(404, 'Not Found')
    case 'internal':
      return textAnswer(500, 'Internal Server Error')
  }
}

/** Anything a handler threw. */
export const gitlabFailure = (thrown: unknown, verbose: boolean): HttpAnswer =>
  thrown instanceof BodyRefusal ? bodyRefused(thrown, verbose) : codeFailure(RequestFailure.fromUnknown(thrown))

/** The same on the prompt endpoints, where an outage is the model server's failure too (contract http §7.5). */
export const promptFailure = (thrown: unknown, verbose: boolean): HttpAnswer =>
  RequestFailure.fromUnknown(thrown).code === 'backend_outage' && !(thrown instanceof BodyRefusal)
    ? modelServerFailed(500)
    : gitlabFailure(thrown, verbose)

const modelServerFailed = (status: number): HttpAnswer => detail(421, `${status}: ${STATUS_CODES[status] ?? 'Unknown'}`)

/**
 * The same for the administrator's connection test: GitLab shows the text of a 421, and of any other status only the `msg` in a list
 * (contract http §12.2). Nothing is waited out, so a gap and an overload are the model server's failure.
 */
export const connectionTestFailure = (thrown: unknown, verbose: boolean, withinMs: number): HttpAnswer => {
  if (thrown instanceof BodyRefusal) return gitlabFailure(thrown, verbose)
  const { code, detail: told } = RequestFailure.fromUnknown(thrown)
  const shown = (status: number, msg: string): HttpAnswer => jsonAnswer(status, { detail: [{ msg }] })
  if (code === 'overloaded') return modelServerFailed(429)
  if (missesModelServer.has(code)) return modelServerFailed(500)
  if (code === 'deadline_exceeded') return shown(504, `The model did not answer within ${withinMs / 1000} s`)
  const answer = promptFailure(thrown, verbose)
  return misconfigured.has(code) && told.message !== undefined ? shown(answer.status, told.message) : answer
}

const missesModelServer = new Set<ErrorCode>([
  'backend_unavailable',
  'backend_outage',
  'store_unavailable',
  'cannot_continue',
])

/** What the administrator can mend, once told. */
const misconfigured = new Set<ErrorCode>(['unknown_model', 'no_default_model', 'model_inactive'])
