/** A request that is accepted and has no end record yet. */
export interface OpenRequest {
  readonly requestId: string
  readonly correlationId?: string
  /** Seq of its `request.accepted`. */
  readonly acceptedSeq: number
}

/**
 * Where each unfinished request stands. A request has room for its end record from `reserve` until it is gone.
 *
 *   absent → reserve → reserved → accepting → accepting → accepted → open → ending → ending → ended → absent
 *   accepting → dropped → absent (its accepted record failed) · ending → endFailed → open (its end record failed)
 */
export class RequestLedger {
  readonly #requests = new Map<string, { phase: 'reserved' | 'accepting' | 'open' | 'ending'; open?: OpenRequest }>()

  constructor(open: readonly OpenRequest[]) {
    for (const request of open) this.#requests.set(request.requestId, { phase: 'open', open: request })
  }

  /** Requests that have room reserved. */
  get count(): number {
    return this.#requests.size
  }

  has(requestId: string): boolean {
    return this.#requests.has(requestId)
  }

  reserve(requestId: string): void {
    this.#requests.set(requestId, { phase: 'reserved' })
  }

  /** Gives up a reservation that no accepted record has used. */
  release(requestId: string): void {
    if (this.#requests.get(requestId)?.phase === 'reserved') this.#requests.delete(requestId)
  }

  accepting(requestId: string): void {
    this.#in(requestId, 'reserved', 'be accepted').phase = 'accepting'
  }

  accepted(request: OpenRequest): void {
    this.#requests.set(request.requestId, { phase: 'open', open: request })
  }

  dropped(requestId: string): void {
    this.#requests.delete(requestId)
  }

  ending(requestId: string): OpenRequest {
    const request = this.#in(requestId, 'open', 'end')
    request.phase = 'ending'
    return request.open!
  }

  ended(requestId: string): void {
    this.#requests.delete(requestId)
  }

  endFailed(requestId: string): void {
    this.#in(requestId, 'ending', 'reopen').phase = 'open'
  }

  /** In order of acceptance. Those whose end record is being written are among them: it may fail. */
  openRequests(): OpenRequest[] {
    return [...this.#requests.values()].flatMap(({ open }) => open ?? []).sort((a, b) => a.acceptedSeq - b.acceptedSeq)
  }

  #in(requestId: string, phase: string, verb: string) {
    const request = this.#requests.get(requestId)
    if (request?.phase === phase) return request
    throw new Error(`request ${requestId} cannot ${verb}: it is ${request?.phase ?? 'not known'}, not ${phase}`)
  }
}
