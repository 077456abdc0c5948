import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { finished } from 'node:stream/promises'
import { RequestFailure } from '@penstock/contracts'
import type { CredentialHeaders } from '../auth/authenticate.ts'
import type { OpenAiKey } from '../auth/openai-keys.ts'
import type { Principal } from '../auth/principal.ts'
import { ClientStream } from './client-stream.ts'
import { correlationIdOf } from './correlation-id.ts'
import { corsHeaders } from './cors.ts'
import type { HttpAnswer } from './http-answer.ts'
import { readJsonBody } from './json-body.ts'
import type { JsonBodyOptions } from './json-body.ts'

export interface ExchangeLimits extends JsonBodyOptions {
  /** Unread bytes at which the client of a stream is cut off. */
  readonly unreadBytesMax: number
}

export interface ExchangeDependencies {
  /** Monotonic clock, ms. */
  monotonic(): number
}

export type Caller =
  | { readonly kind: 'gitlab'; readonly principal: Principal }
  | { readonly kind: 'openai'; readonly key: OpenAiKey; readonly digest: string }

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}

/** One call and its answer, from the first header to the closed response. */
export class Exchange {
  readonly correlationId: string
  readonly method: string
  /** As it is routed; see `pathOf`. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly startedAt: number
  /** Who asks; null before authentication and on open paths. */
  caller: Caller | null = null
  /** Code under which the call failed, for the log. */
  failure: string | null = null
  firstChunkAt: number | null = null
  /** The body once it was read. */
  bodyJson: unknown = undefined
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #limits: ExchangeLimits
  readonly #deps: ExchangeDependencies
  readonly #gone = new AbortController()

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    limits: ExchangeLimits,
    dependencies: ExchangeDependencies,
  ) {
    this.#request = request
    this.#response = response
    this.#limits = limits
    this.#deps = dependencies
    this.startedAt = dependencies.monotonic()
    this.correlationId = correlationIdOf(request.headers['x-request-id'])
    this.method = request.method ?? ''
    this.path = path
    this.headers = request.headers
    response.once('close', () => {
      if (response.writableFinished) return
      this.failure ??= 'cancelled'
      this.#gone.abort(new RequestFailure('cancelled'))
    })
  }

  /** Aborts when the client is gone, or too slow, before its answer is out. */
  get clientGone(): AbortSignal {
    return this.#gone.signal
  }

  /** Where credentials are. */
  get credentials(): CredentialHeaders {
    return this.#request
  }

  /** 499 when the client left before there was one. */
  get status(): number {
    return this.#response.headersSent ? this.#response.statusCode : 499
  }

  /** Whether the status line is out: from then on a failure can only cut the connection. */
  get answered(): boolean {
    return this.#response.headersSent
  }

  get durationS(): number {
    return (this.#deps.monotonic() - this.startedAt) / 1000
  }

  get firstChunkS(): number | null {
    return this.firstChunkAt === null ? null : (this.firstChunkAt - this.startedAt) / 1000
  }

  /** The body as JSON; its bytes count against the budget until the answer is out. Throws BodyRefusal or RequestFailure. */
  async readJson(): Promise<unknown> {
    const { json, bytes } = await readJsonBody(this.#request, this.#limits)
    const giveBack = (): void => this.#limits.budget.giveBack(bytes)
    if (this.#response.closed) giveBack()
    else this.#response.once('close', giveBack)
    this.bodyJson = json
    return json
  }

  /** Sends a whole answer. `timed: false` leaves out `X-Process-Time`, as preflights do. */
  send(answer: HttpAnswer, { timed = true } = {}): void {
    if (this.#response.destroyed) return
    if (this.#sendsOn) this.#closeAfterBody()
    this.#response.writeHead(answer.status, {
      ...this.#commonHeaders(timed),
      ...answer.headers,
      'content-length': Buffer.byteLength(answer.body),
    })
    this.#response.end(this.method === 'HEAD' ? '' : answer.body)
  }

  /** Sends the status line of a stream, together with the first bytes written. */
  openStream(headers: Readonly<Record<string, string>> = {}): ClientStream {
    this.firstChunkAt = this.#deps.monotonic()
    if (!this.#response.destroyed)
      this.#response.writeHead(200, { ...this.#commonHeaders(true), ...streamHeaders, ...headers })
    return new ClientStream(this.#response, {
      unreadBytesMax: this.#limits.unreadBytesMax,
      onTooSlow: () => {
        this.failure = 'client_too_slow'
        this.#gone.abort(new RequestFailure('client_too_slow'))
      },
    })
  }

  /** Closing on a client that still sends would lose the answer on its way: what it sends is read to its end first. */
  #closeAfterBody(): void {
    const request = this.#request
    const response = this.#response
    if (response.shouldKeepAlive) return
    response.shouldKeepAlive = true
    const close = (): void => request.socket.destroySoon()
    Promise.all([finished(request), finished(response)]).then(close, close)
    request.resume()
  }

  /** Whether more of the body is to come. */
  get #sendsOn(): boolean {
    const { 'transfer-encoding': encoding, 'content-length': length } = this.headers
    return !this.#request.complete && (encoding !== undefined || Number(length ?? 0) > 0)
  }

  #commonHeaders(timed: boolean): Record<string, string> {
    return {
      'X-Request-ID': this.correlationId,
      ...(timed ? { 'X-Process-Time': this.durationS.toFixed(6) } : {}),
      ...corsHeaders(this.headers),
    }
  }
}
