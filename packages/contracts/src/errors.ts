/**
 * Every error a request can end with. Edges translate the code (see the HTTP fronts of the ingress); nothing branches on
 * message text. `retry` says whether the same request may succeed later without being changed.
 */
export const errorCodes = {
  invalid_request: { meaning: 'the request breaks its schema', retry: false },
  unauthenticated: { meaning: 'no valid credential', retry: false },
  forbidden: { meaning: 'the credential does not allow this', retry: false },
  not_found: { meaning: 'no such path or object', retry: false },
  unknown_model: { meaning: 'the configuration has no such model', retry: false },
  model_inactive: { meaning: 'the feature is switched off by configuration', retry: false },
  no_default_model: { meaning: 'the request names no model and none is configured for the feature', retry: false },
  payload_too_large: { meaning: 'the body is larger than the limit', retry: false },
  overloaded: { meaning: 'queue, quota or expected wait says no, or a node said 429 or 503', retry: true },
  backend_unavailable: { meaning: 'no healthy node or worker just now, but one a short while ago', retry: true },
  store_unavailable: { meaning: 'the queue or the router cannot be reached', retry: true },
  audit_unavailable: { meaning: 'the audit log has no room or no disk', retry: true },
  backend_outage: { meaning: 'no healthy node or worker for 30 s, or never seen one', retry: false },
  backend_error: { meaning: 'the model server answered with another HTTP error', retry: false },
  deadline_exceeded: { meaning: 'time ran out while a node was working on it', retry: false },
  cannot_continue: { meaning: 'the answer broke off where it cannot be continued', retry: true },
  cancelled: { meaning: 'the client left or a newer request took its place', retry: false },
  client_too_slow: { meaning: 'the client read slower than the answer came, beyond the buffer', retry: false },
  internal: { meaning: 'a bug; no detail leaves the process', retry: false },
} as const satisfies Record<string, { meaning: string; retry: boolean }>

export type ErrorCode = keyof typeof errorCodes
export const errorCodeNames = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]

export interface FailureDetail {
  /** Safe for the client: never holds prompt text, credentials or addresses. */
  message?: string | undefined
  /** Field the problem is about, as the client spelled it. */
  param?: string | undefined
  /** Honest wait before a retry, ms. */
  retryAfterMs?: number | undefined
  /** HTTP status of the model server, for `backend_error` and `overloaded`. */
  upstreamStatus?: number | undefined
}

/** A request's failure on its way to the client. */
export class RequestFailure extends Error {
  readonly code: ErrorCode
  readonly detail: FailureDetail

  constructor(code: ErrorCode, detail: FailureDetail = {}, cause?: unknown) {
    super(detail.message ?? errorCodes[code].meaning, cause === undefined ? undefined : { cause })
    this.name = 'RequestFailure'
    this.code = code
    this.detail = detail
  }

  /** Any thrown thing as a failure: our own stays, everything else is `internal`. */
  static fromUnknown(thrown: unknown): RequestFailure {
    return thrown instanceof RequestFailure ? thrown : new RequestFailure('internal', {}, thrown)
  }
}
