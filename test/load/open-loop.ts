import type { HttpOrigin } from '../stack/http-stream.ts'

/** A request that is meant to be sent at an instant, whether or not the ones before it have been answered. */
export interface PlannedRequest {
  /** From the start of the load, ms. */
  readonly atMs: number
  readonly origin: HttpOrigin
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly expected: Buffer
}

/** What became of a request. Instants are `performance.now()`. */
export interface SentRequest {
  readonly planned: PlannedRequest
  /** When it was meant to be sent. Latency counts from here: a late generator must not make a slow server look fast. */
  readonly intendedAt: number
  readonly sentAt: number
  status: number
  /** When the bytes came that hold the first text. */
  firstTextAt: number | null
  endedAt: number | null
  /** The connection broke, or did not end in time. */
  broken: string | null
  /** The whole body, read when the load is over: reading it earlier would delay what is being measured. */
  received: Buffer[]
}

export interface OpenLoopOptions {
  /** Requests that have not ended this long after the last was sent are cut off, ms. */
  readonly drainMs: number
  /** Ends the load when aborted: what is under way is cut off, what was planned is left out. */
  readonly signal?: AbortSignal
}

/** Sends every request at its instant and waits for the answers. Bounded by the plan's span and `drainMs`. */
export const sendOpenLoop = async (
  plan: readonly PlannedRequest[],
  options: OpenLoopOptions,
): Promise<SentRequest[]> => {
  const { drainMs, signal } = options
  const startedAt = performance.now()
  const sent: SentRequest[] = []
  const cuts = new Map<SentRequest, () => void>()
  let sendingOver = false
  const allSent = Promise.withResolvers<void>()
  const allEnded = Promise.withResolvers<void>()
  const sendDue = (): void => {
    for (let next = plan[sent.length]; next !== undefined && !signal?.aborted; next = plan[sent.length]) {
      const waitMs = startedAt + next.atMs - performance.now()
      if (waitMs > 0) {
        setTimeout(sendDue, waitMs)
        return
      }
      const request = begin(next, startedAt + next.atMs)
      sent.push(request)
      const cut = send(request, () => {
        cuts.delete(request)
        if (sendingOver && cuts.size === 0) allEnded.resolve()
      })
      if (request.endedAt === null) cuts.set(request, cut)
    }
    sendingOver = true
    allSent.resolve()
  }
  const cutAll = (): void => {
    for (const cut of cuts.values()) cut()
  }
  signal?.addEventListener('abort', cutAll, { once: true })
  sendDue()
  await allSent.promise
  const timer = setTimeout(cutAll, drainMs)
  if (cuts.size > 0) await allEnded.promise
  clearTimeout(timer)
  signal?.removeEventListener('abort', cutAll)
  return sent
}

const begin = (planned: PlannedRequest, intendedAt: number): SentRequest => ({
  planned,
  intendedAt,
  sentAt: performance.now(),
  status: 0,
  firstTextAt: null,
  endedAt: null,
  broken: null,
  received: [],
})

const send = (request: SentRequest, onEnded: () => void): (() => void) => {
  const { origin, path, headers, body } = request.planned
  return origin.post(
    { path, headers, body },
    {
      onStatus(status) {
        request.status = status
      },
      onBytes(bytes) {
        request.received.push(bytes)
        if (request.firstTextAt === null && holdsText(request.received)) request.firstTextAt = performance.now()
      },
      onEnd(error) {
        request.endedAt = performance.now()
        request.broken = error === null ? null : error.message
        request.received = [Buffer.concat(request.received)]
        onEnded()
      },
    },
  )
}

/** Whether a chunk with text has come. Looked for only until it has; the exact reading is done after the load. */
const holdsText = (received: readonly Buffer[]): boolean =>
  /"content": ?"[^"]/.test(Buffer.concat(received).toString('latin1'))
