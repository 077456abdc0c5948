import { Pool } from 'undici'
import type { Dispatcher } from 'undici'
import { readError } from '@penstock/models'
import type { NodeError } from '@penstock/models'
import { EventObjects } from './event-objects.ts'
import { AddressRefused, nodeLookup } from './node-lookup.ts'
import type { NodeReach } from './node-lookup.ts'

export interface NodeCall {
  /** Path below the node's base URL. */
  path: string
  body: unknown
  headers: Record<string, string>
  /** Closes the socket, the only portable way to stop a node. */
  signal: AbortSignal
  /** Told each streamed object of a 200 in order, or the one object of an answer that is not streamed. False: enough, stop. */
  onObject: (object: unknown) => boolean
}

/** How the node answered. Anything but 200 comes without objects. */
export interface NodeAnswer {
  status: number
  /** The node's own wish, from `Retry-After` in seconds; null when it has none. */
  retryAfterMs: number | null
  /** What it said instead of an answer; null for a 200. */
  error: NodeError | null
}

/** A call that did not come to its end. `answered`: the status line had come. */
export class NodeCallFailed extends Error {
  readonly answered: boolean
  /** No connection was made, because the configuration does not allow one there: why. */
  get refused(): string | null {
    return this.cause instanceof AddressRefused ? this.cause.message : null
  }

  constructor(answered: boolean, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.name = cause instanceof Error ? cause.name : 'NodeCallFailed'
    this.answered = answered
  }
}

/** An answer that is not streamed may be this large. */
const wholeBytesMax = 16 * 1024 * 1024
/** Of an answer that is an error this much is read, bytes. */
const errorBytesMax = 64 * 1024
/** No node's wish for a pause is longer, ms. */
const retryAfterMsMax = 3_600_000
const connectMs = 1500
/** vLLM closes idle connections after 5 s and does not say so: ours go first. */
const keepAliveMs = 4000

/** HTTP/1.1 client of one node. Never follows redirects. */
export class NodeClient {
  readonly #pool: Pool
  readonly #basePath: string

  constructor(url: string, reach: NodeReach) {
    const { origin, pathname } = new URL(url)
    this.#basePath = pathname.replace(/\/+$/, '')
    this.#pool = new Pool(origin, {
      connect: { timeout: connectMs, lookup: nodeLookup(reach) },
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      headersTimeout: 0,
      bodyTimeout: 0,
      pipelining: 1,
    })
  }

  /** Settles when the answer has ended. Throws NodeCallFailed. */
  call(call: NodeCall): Promise<NodeAnswer> {
    return new Promise((resolve, reject) => {
      const reader = new AnswerHandler(call, resolve, reject)
      if (call.signal.aborted) {
        reject(new NodeCallFailed(false, call.signal.reason))
        return
      }
      this.#pool.dispatch(
        {
          method: 'POST',
          path: this.#basePath + call.path,
          headers: {
            'content-type': 'application/json',
            accept: 'text/event-stream, application/json',
            ...call.headers,
          },
          body: JSON.stringify(call.body),
        },
        reader,
      )
    })
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}

/** Takes the answer as the socket brings it: no stream objects between socket and parser, because this is the hottest path. */
class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly #call: NodeCall
  readonly #resolve: (answer: NodeAnswer) => void
  readonly #reject: (error: NodeCallFailed) => void
  readonly #pieces: Buffer[] = []
  #wholeBytes = 0
  #answer: NodeAnswer | null = null
  #events: EventObjects | null = null
  #stopListening: (() => void) | null = null

  constructor(call: NodeCall, resolve: (answer: NodeAnswer) => void, reject: (error: NodeCallFailed) => void) {
    this.#call = call
    this.#resolve = resolve
    this.#reject = reject
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const { signal } = this.#call
    const abort = (): void => controller.abort(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    this.#stopListening = () => signal.removeEventListener('abort', abort)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    this.#answer = { status, retryAfterMs: retryAfterMs(headers['retry-after']), error: null }
    if (status === 200 && String(headers['content-type'] ?? '').startsWith('text/event-stream'))
      this.#events = new EventObjects(this.#call.onObject)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    try {
      if (this.#events !== null) {
        if (!this.#events.feed(chunk)) controller.abort(new Error('answer refused'))
        return
      }
      this.#wholeBytes += chunk.byteLength
      if (this.#wholeBytes > wholeBytesMax) throw new Error('answer too large')
      if (this.#answer?.status === 200 || this.#wholeBytes <= errorBytesMax) this.#pieces.push(chunk)
    } catch (error) {
      controller.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  onResponseEnd(): void {
    this.#stopListening?.()
    const answer = this.#answer
    if (answer === null) return
    try {
      if (answer.status === 200 && this.#events === null)
        this.#call.onObject(JSON.parse(Buffer.concat(this.#pieces).toString('utf8')))
      this.#settle(answer)
    } catch (error) {
      this.#reject(new NodeCallFailed(true, error))
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#stopListening?.()
    const answer = this.#answer
    // A stream that has said [DONE] is complete, and a refusal is one by its status, however the connection ends.
    if (answer !== null && (answer.status !== 200 || this.#events?.done === true)) this.#settle(answer)
    else this.#reject(new NodeCallFailed(this.#answer !== null, error))
  }

  #settle(answer: NodeAnswer): void {
    if (answer.status === 200) this.#resolve(answer)
    else this.#resolve({ ...answer, error: readError(answer.status, Buffer.concat(this.#pieces).toString('utf8')) })
  }
}

/** The seconds form only; a date or nonsense is no wish. */
const retryAfterMs = (header: string | string[] | undefined): number | null => {
  const ms = Number(header ?? NaN) * 1000
  return ms >= 0 ? Math.min(Math.round(ms), retryAfterMsMax) : null
}
