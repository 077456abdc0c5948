import type { VersionProfile } from '../profiles/version-profile.ts'

/** An answer with an error status, decided by the node. */
export interface Refusal {
  readonly kind: 'refused'
  readonly status: number
  readonly type: string
  readonly message: string
  readonly param: string | null
}

export const refusal = (status: number, type: string, message: string, param: string | null = null): Refusal => ({
  kind: 'refused',
  status,
  type,
  message,
  param,
})

/** The body cannot be read: not JSON, a field missing or of the wrong type. */
export const unreadable = (message: string): Refusal => refusal(400, 'Bad Request', message)

/** The body is readable, but asks for something impossible. */
export const badRequest = (message: string, param: string | null = null): Refusal =>
  refusal(400, 'BadRequestError', message, param)

export const unknownModel = (model: string): Refusal =>
  refusal(404, 'NotFoundError', `The model \`${model}\` does not exist.`, 'model')

export const noRoute = (status: 404 | 405): Refusal => {
  const phrase = status === 404 ? 'Not Found' : 'Method Not Allowed'
  return refusal(status, phrase, phrase)
}

/** The model is not made for this task. */
export const unsupportedTask = ({ unsupportedTask: { status, type } }: VersionProfile, task: string): Refusal =>
  refusal(status, type, `The model does not support ${task}.`)

export const internalFailure = (message: string): Refusal => refusal(500, 'InternalServerError', message)

/** What everybody gets whose answer was under way when the engine died. */
export const engineDied = internalFailure('EngineCore encountered an issue. See the stack trace of the node.')

/** Not accepted for lack of room; nothing was started. */
export const overloaded = (message: string): Refusal => refusal(503, 'ServiceUnavailableError', message)

/** The body in the form of a release. */
export const refusalBody = ({ message, type, param, status }: Refusal, form: VersionProfile['errorBody']): string =>
  JSON.stringify(
    form === 'nested'
      ? { error: { message, type, param, code: status } }
      : { object: 'error', message, type, param, code: status },
  )
