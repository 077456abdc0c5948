/** What the thread that sends needs to know about a request. */
export interface ThreadRequest {
  /** Position in the plan. */
  readonly index: number
  /** When it is meant to be sent, ms from the start of the load. */
  readonly atMs: number
  /** Position in the list of origins. */
  readonly origin: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** The client goes away this long after the intended instant; null: it stays. */
  readonly cutAfterMs: number | null
}

/** What became of a request, not yet judged. Instants are ms from the instant it was meant to be sent: a late generator must not make a slow server look fast. */
export interface EndedRequest {
  readonly index: number
  /** How late it was sent. */
  readonly lateMs: number
  /** 0: no answer. */
  readonly status: number
  readonly retryAfterMs: number
  readonly endMs: number
  /** Why the connection broke or was cut; null at a clean end. */
  readonly broken: string | null
  /** We cut it: as planned, or because the load was over. */
  readonly cut: boolean
  /** The answer's body. */
  readonly bytes: Uint8Array
  /** When each piece of the body came, and the bytes that had come by then. */
  readonly arrivalMs: Float64Array
  readonly arrivedBytes: Float64Array
}

export interface ThreadSettings {
  readonly origins: readonly string[]
  /** A connection without a byte for so long breaks. */
  readonly silenceMs: number
  /** Requests that have not ended this long after the last was sent are cut. */
  readonly drainMs: number
}

export type ToThread =
  /** Further requests, in order of time. */
  | { readonly kind: 'requests'; readonly requests: readonly ThreadRequest[] }
  | { readonly kind: 'start' }
  /** The plan is over: no further requests come. */
  | { readonly kind: 'planned' }
  /** Send nothing more and cut what is under way. */
  | { readonly kind: 'stop' }

export type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'ended'; readonly ended: EndedRequest }
  /** `readLateMs`: how late the thread's own loop was, so how late bytes that had come may have been seen. */
  | { readonly kind: 'finished'; readonly readLateMs: readonly number[] }
