import { jsonAnswer } from '../http-answer.ts'
import type { HttpAnswer } from '../http-answer.ts'
import { openAiError, unknownModel } from '../openai/errors.ts'
import { namedEvent } from '../provider/named-event.ts'
import type { ProviderErrors } from '../provider/provider-api.ts'

const errorTypes: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
}

/** An error as Anthropic's clients know it. */
const anthropicErrorBody = (status: number, message: string) => ({
  type: 'error',
  error: { type: errorTypes[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error'), message },
})

export const anthropicErrorAnswer = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer => jsonAnswer(status, anthropicErrorBody(status, message), headers)

/** How endpoints of Anthropic's API say that something went wrong: what it is, is the same as for OpenAI's clients. */
export const anthropicErrors: ProviderErrors = {
  refused: ({ message }) => anthropicErrorAnswer(400, message),
  unknownModel: (name) => anthropicErrorAnswer(404, unknownModel(name).message),
  failed(thrown) {
    const { status, message, headers } = openAiError(thrown)
    return anthropicErrorAnswer(status, message, headers)
  },
  failureEvent(thrown) {
    const { status, message } = openAiError(thrown)
    return namedEvent(anthropicErrorBody(status, message))
  },
}
