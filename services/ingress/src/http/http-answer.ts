/** A whole answer, as a front gives it for everything that is no stream. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export const jsonAnswer = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

export const textAnswer = (
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
  body,
})

/** `Retry-After` in whole seconds, at least one. */
export const retryAfter = (ms: number | undefined): Record<string, string> => ({
  'retry-after': String(Math.max(1, Math.ceil((ms ?? 1000) / 1000))),
})
