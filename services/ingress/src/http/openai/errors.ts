import { RequestFailure } from '@penstock/contracts'
import type { FailureDetail } from '@penstock/contracts'
import { BodyRefusal } from '../body-refusal.ts'
import { jsonAnswer, retryAfter } from '../http-answer.ts'
import type { HttpAnswer } from '../http-answer.ts'
import type { ProviderErrors } from '../provider/provider-api.ts'

/** An error as OpenAI's clients know it. */
export interface OpenAiError {
  readonly status: number
  readonly message: string
  readonly type?: string
  readonly code?: string
  readonly param?: string | null | undefined
  readonly headers?: Readonly<Record<string, string>>
}

const errorBody = ({ status, message, type, code, param }: OpenAiError) => ({
  error: {
    message,
    type: type ?? (status >= 500 ? 'server_error' : 'invalid_request_error'),
    param: param ?? null,
    code: code ?? null,
  },
})

export const errorAnswer = (error: OpenAiError): HttpAnswer => jsonAnswer(error.status, errorBody(error), error.headers)

export const invalidKey = (shown: boolean): OpenAiError => ({
  status: 401,
  message: shown
    ? 'Incorrect API key provided.'
    : "You didn't provide an API key: send it as 'Authorization: Bearer <key>'.",
  code: 'invalid_api_key',
})

export const unknownModel = (name: string): OpenAiError => ({
  status: 404,
  message: `The model '${name.slice(0, 255)}' does not exist or you do not have access to it.`,
  code: 'model_not_found',
  param: 'model',
})

/** Anything a handler threw. */
export const openAiError = (thrown: unknown): OpenAiError => {
  if (thrown instanceof BodyRefusal) {
    const status = { too_large: 413, unsupported: 415, malformed: 400 }[thrown.kind]
    return { status, message: thrown.message }
  }
  const { code, detail } = RequestFailure.fromUnknown(thrown)
  switch (code) {
    case 'overloaded':
    case 'backend_unavailable':
    case 'store_unavailable':
    case 'audit_unavailable':
    case 'cannot_continue':
    case 'cancelled':
    case 'client_too_slow':
      return {
        status: 429,
        message: 'The service has no room for this request just now. Please try again later.',
        type: 'rate_limit_error',
        code: 'rate_limit_exceeded',
        headers: retryAfter(detail.retryAfterMs),
      }
    case 'backend_outage':
      return { status: 503, message: 'No model server is available.' }
    case 'deadline_exceeded':
      return { status: 504, message: 'The model did not answer in time.', code: 'timeout' }
    case 'backend_error':
      return backendError(detail)
    case 'unknown_model':
      return {
        status: 404,
        message: detail.message ?? 'The model does not exist.',
        code: 'model_not_found',
        param: 'model',
      }
    case 'no_default_model':
    case 'invalid_request':
      return { status: 400, message: detail.message ?? 'The request is not valid.', param: detail.param }
    case 'payload_too_large':
      return { status: 413, message: detail.message ?? 'The request body is too large.' }
    case 'unauthenticated':
      return invalidKey(true)
    case 'model_inactive':
    case 'forbidden':
      return { status: 403, message: detail.message ?? 'This is switched off by the configuration.', code: 'forbidden' }
    case 'not_found':
      return { status: 404, message: 'Not found.' }
    case 'internal':
      return { status: 500, message: 'Internal error.' }
  }
}

/** What the model server refuses for its content is the client's to mend; all else is the server's. */
const backendError = ({ upstreamStatus = 500, message }: FailureDetail): OpenAiError =>
  [400, 413, 422].includes(upstreamStatus)
    ? { status: 400, message: message ?? `The model server refused the request (${upstreamStatus}).` }
    : { status: 502, message: 'The model server failed.' }

/** How endpoints of OpenAI's API say that something went wrong. */
export const openAiErrors: ProviderErrors = {
  refused: ({ message, param }) => errorAnswer({ status: 400, message, param }),
  unknownModel: (name) => errorAnswer(unknownModel(name)),
  failed: (thrown) => errorAnswer(openAiError(thrown)),
  failureEvent: (thrown) => `data: ${JSON.stringify(errorBody(openAiError(thrown)))}\n\n`,
}
