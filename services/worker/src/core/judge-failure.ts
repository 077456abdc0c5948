import type { FailedPart } from '@penstock/contracts'

/** How a call to a node went wrong. */
export type NodeTrouble =
  /** No connection, or closed before any answer. `refused`: why the configuration allows none, for the log. */
  | { kind: 'unreachable'; refused?: string }
  /** An HTTP status other than 200. `refusal`: what the request itself is refused for, where the node says so. */
  | { kind: 'status'; status: number; retryAfterMs: number | null; refusal?: keyof typeof refusals | null }
  /** The backend has no way to do what the request asks. Safe for the client. */
  | { kind: 'unsupported'; message: string }
  /** The answer stopped, broke or made no sense after it had begun. */
  | { kind: 'broken'; reason: string }
  /** Took the call and brought nothing of an answer for longer than its queue and its prefill explain. */
  | { kind: 'silent' }
  /** No first token, or no end, within the time that is left. */
  | { kind: 'too-slow' }

/** What a client is told of a refusal: never the node's own words, which may quote the prompt. */
const refusals = {
  content_filter: 'The content filter of the model provider refused the prompt.',
  context_overflow: "The prompt is too long: with the asked output it does not fit the model's context window.",
} as const

export interface NodeFacts {
  node: string
  /** Another node of the pool, not yet tried for this request, could take it. */
  othersLeft: boolean
  /** Since a node of the pool last answered well, ms; null: never. */
  sinceOkMs: number | null
}

/** Before this a node that fails is a gap worth a retry, after it an outage (contract §7.5). */
const outageAfterMs = 30_000
const gapRetryAfterMs = 2000
const overloadRetryAfterMs = 1000
/** Words of a node are cut to this: a message that breaks the contract would be lost on its way. */
const reasonCharsMax = 200

/** Decides what a failed call means for the request: try elsewhere, or the error that the client gets. */
export const judgeFailure = (trouble: NodeTrouble, facts: NodeFacts): FailedPart => {
  const base = { kind: 'failed', node: facts.node } as const
  switch (trouble.kind) {
    case 'unreachable':
      return facts.sinceOkMs !== null && facts.sinceOkMs < outageAfterMs
        ? {
            ...base,
            code: 'backend_unavailable',
            retry: facts.othersLeft,
            fault: 'unreached',
            retryAfterMs: gapRetryAfterMs,
          }
        : { ...base, code: 'backend_outage', retry: facts.othersLeft, fault: 'unreached' }
    case 'status':
      return {
        ...base,
        ...judgeStatus(trouble.status, trouble.retryAfterMs, facts.othersLeft),
        ...(trouble.refusal ? { message: refusals[trouble.refusal] } : {}),
      }
    case 'unsupported':
      return { ...base, code: 'invalid_request', retry: false, fault: 'none', message: trouble.message }
    case 'broken':
      return {
        ...base,
        code: 'cannot_continue',
        retry: true,
        fault: 'broke',
        message: trouble.reason.slice(0, reasonCharsMax),
        retryAfterMs: gapRetryAfterMs,
      }
    case 'silent':
      return { ...base, code: 'deadline_exceeded', retry: true, fault: 'broke' }
    case 'too-slow':
      return { ...base, code: 'deadline_exceeded', retry: false, fault: 'none' }
  }
}

const judgeStatus = (status: number, retryAfterMs: number | null, othersLeft: boolean) => {
  if (isOverload(status)) {
    return {
      code: 'overloaded',
      retry: othersLeft,
      fault: 'unreached',
      upstreamStatus: status,
      retryAfterMs: retryAfterMs ?? overloadRetryAfterMs,
    } as const
  }
  // Paths and model names are ours: a node that has none of it lacks the model, and another may have it.
  if (status === 404)
    return { code: 'backend_error', retry: othersLeft, fault: 'unreached', upstreamStatus: status } as const
  return nodeIsWrong(status)
    ? ({ code: 'backend_error', retry: othersLeft, fault: 'broke', upstreamStatus: status } as const)
    : ({ code: 'backend_error', retry: false, fault: 'none', upstreamStatus: status } as const)
}

/**
 * A failure of the node or of its credential; a redirect leads nowhere that is configured. 501 is none: the model cannot do what
 * was asked, at no node.
 */
const nodeIsWrong = (status: number): boolean =>
  (status >= 500 && status !== 501 && status !== 503) || (status >= 300 && status < 400) || [401, 403].includes(status)

/** Whether the trouble says something bad about the node's health. Overload and a client's mistake do not. */
export const countsAgainstNode = (trouble: NodeTrouble): boolean => {
  switch (trouble.kind) {
    case 'unreachable':
    case 'broken':
    case 'silent':
      return true
    case 'status':
      return nodeIsWrong(trouble.status)
    case 'too-slow':
    case 'unsupported':
      return false
  }
}

/** Whether the node has more to do than it takes. */
export const overloadsNode = (trouble: NodeTrouble): boolean => trouble.kind === 'status' && isOverload(trouble.status)

const isOverload = (status: number): boolean => status === 429 || status === 503
