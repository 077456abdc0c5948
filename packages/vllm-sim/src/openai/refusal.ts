/** An answer with an error status, decided by the node; the body has vLLM's form since 0.10.1. */
export interface Refusal {
  readonly kind: 'refused'
  readonly status: number
  readonly type: string
  readonly message: string
  readonly param: string | null
}

const refusal = (status: number, type: string, message: string, param: string | null): Refusal => ({
  kind: 'refused',
  status,
  type,
  message,
  param,
})

/** The body cannot be read: not JSON, a field missing or of the wrong type. */
export const unreadable = (message: string): Refusal => refusal(400, 'Bad Request', message, null)

/** The body is readable, but asks for something impossible. */
export const badRequest = (message: string, param: string | null = null): Refusal =>
  refusal(400, 'BadRequestError', message, param)

export const unknownModel = (model: string): Refusal =>
  refusal(404, 'NotFoundError', `No model \`${model}\` is served here.`, 'model')

export const noRoute = (status: 404 | 405): Refusal =>
  refusal(
    status,
    status === 404 ? 'Not Found' : 'Method Not Allowed',
    status === 404 ? 'Not Found' : 'Method Not Allowed',
    null,
  )

export const internalFailure = (message: string): Refusal => refusal(500, 'InternalServerError', message, null)

/** Not accepted for lack of room; nothing was started. */
export const overloaded = (message: string): Refusal => refusal(503, 'ServiceUnavailableError', message, null)

export const refusalBody = ({ message, type, param, status }: Refusal): string =>
  JSON.stringify({ error: { message, type, param, code: status } })
