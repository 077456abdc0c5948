import type { Accepted, EndPart, ModelReference, Part } from '@penstock/contracts'

/** W3C trace context of the client's call. */
export interface ParentTrace {
  traceparent?: string | undefined
  tracestate?: string | undefined
}

/**
 * What becomes of a model's reasoning. `shown`: the client gets its text; `told`: it learns that the answer has begun, or waits for the
 * whole of it anyway, so that this counts as its first byte; `hidden`: it sees nothing before the first text.
 */
export type ReasoningView = 'shown' | 'told' | 'hidden'

/** A request as an HTTP front hands it to the core: authenticated, valid, with its body in the feature's own form. */
export interface Intake {
  /** Name in the feature registry. */
  feature: string
  model: ModelReference
  /** Opaque digest of who asks. */
  principal: string
  /** Opaque digest of the instance or key behind it. */
  tenant: string
  /** Opaque digest of those who may share a prefix cache and a generation with it. */
  domain: string
  /** GitLab's correlation id or our own: in every log line and record. */
  correlationId: string
  /** The feature's input as JSON: what the claiming worker gets. */
  body: Uint8Array
  promptTokensEstimate: number
  outputTokensMax: number
  /** Hashes of prefixes that requests may share, most specific first. */
  affinity: string[]
  /** Keyed digest of principal, project and file: a newer request with the same one makes this one worthless. Null: none does. */
  replaceKey: string | null
  /** Keyed digest of trust domain and question: equal ones share a generation. Null: it shares none. */
  flightKey: string | null
  reasoning: ReasoningView
  /** The client gets the answer in one piece, at its end. */
  whole: boolean
  trace: ParentTrace
}

/** What came of the answer so far is void: it comes anew. Only to a client that has got nothing of it. */
export interface AnewPart {
  readonly kind: 'anew'
}

/** A part of the answer as a front sees it. `end` comes once, last, and only after its audit record is durable. */
export type AnswerPart = Extract<Part, { kind: 'text' | 'reasoning' | 'tool-calls' | 'embedding' }> | AnewPart | EndPart

export interface Answer {
  accepted: Accepted
  parts: AsyncIterable<AnswerPart>
}

/**
 * Owner of requests. `ask` settles when the first part of the answer is known, so a front may still choose the status line:
 * it throws RequestFailure for everything that goes wrong before. A failure later is thrown by the iteration; the front must
 * then cut the connection, never end it cleanly. `clientGone` aborts the request wherever it is.
 */
export interface RequestDesk {
  ask(intake: Intake, clientGone: AbortSignal): Promise<Answer>
}
