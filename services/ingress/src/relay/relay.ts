import { randomBytes } from 'node:crypto'
import type { GatewayConfig } from '@penstock/config'
import { RequestFailure, RequestId } from '@penstock/contracts'
import type { ErrorCode } from '@penstock/contracts'
import type { Logger } from '@penstock/runtime'
import type { Intake } from '../core/intake.ts'
import type { Exchange } from '../http/exchange.ts'
import type { HttpAnswer } from '../http/http-answer.ts'
import type { Trail, TrailData, TrailType } from '../outside.ts'
import type { TimeLimits } from '../time-limits.ts'
import type { Elsewhere } from './elsewhere.ts'
import { relayedBody, relayedHeaders } from './relayed-request.ts'

export interface RelayDependencies {
  readonly trail: Trail
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Reads a credential reference such as `env:NAME`. */
  readonly readCredential: (reference: string) => string
  readonly timeLimits: (intake: Intake) => Pick<TimeLimits, 'firstByteMs' | 'totalMs'>
  /** An end record that is not durable within this time cuts the connection, ms. */
  readonly recordWithinMs: number
  /** Monotonic clock, ms. */
  now(): number
}

/** An answer that is no stream, of a call that failed, may be this large. */
const errorCharsMax = 64 * 1024

/** One request on its way through a gateway. */
interface Passage {
  readonly request: RequestId
  readonly intake: Intake
  readonly gateway: GatewayConfig
  readonly startedAt: number
}

/**
 * Passes requests on to a vendor's gateway, the way they came: recorded before their body leaves and before their last byte
 * returns, bounded in number and time. The address is the configuration's alone; redirects are not followed, nothing is retried.
 */
export class Relay {
  readonly #deps: RelayDependencies
  readonly #inFlight = new Map<string, number>()

  constructor(dependencies: RelayDependencies) {
    this.#deps = dependencies
  }

  /** The gateway's answer; null when it was streamed. Throws RequestFailure when there is none. */
  async answer(exchange: Exchange, { intake, gateway }: Elsewhere): Promise<HttpAnswer | null> {
    const { trail } = this.#deps
    const inFlight = this.#inFlight.get(gateway.name) ?? 0
    const request = RequestId.parse(randomBytes(16).toString('hex'))
    if (inFlight >= gateway.inFlightMax) throw new RequestFailure('overloaded', { retryAfterMs: 1000 })
    if (!trail.reserve(request)) throw new RequestFailure('audit_unavailable', { retryAfterMs: 1000 })
    const passage = { request, intake, gateway, startedAt: this.#deps.now() }
    this.#inFlight.set(gateway.name, inFlight + 1)
    try {
      await this.#accept(passage)
      return await this.#pass(passage, exchange)
    } catch (error) {
      const failure = RequestFailure.fromUnknown(error)
      await this.#end(passage, endTypeOf(failure.code), { code: failure.code })
      throw failure
    } finally {
      this.#inFlight.set(gateway.name, (this.#inFlight.get(gateway.name) ?? 1) - 1)
    }
  }

  async #accept({ request, intake, gateway }: Passage): Promise<void> {
    this.#deps.log.info(
      {
        request_id: request,
        correlation_id: intake.correlationId,
        feature: intake.feature,
        gateway: gateway.name,
        leaves_domain: true,
      },
      'request leaves the domain',
    )
    const durable = await this.#record('request.accepted', request, intake, {
      principal: intake.principal,
      tenant: intake.tenant,
      feature: intake.feature,
      gateway: gateway.name,
      leaves_domain: true,
      body_bytes: intake.body.byteLength,
    })
    if (!durable) throw new RequestFailure('audit_unavailable', { retryAfterMs: 1000 })
  }

  async #pass(passage: Passage, exchange: Exchange): Promise<HttpAnswer | null> {
    const { firstByteMs, totalMs } = this.#deps.timeLimits(passage.intake)
    const late = new AbortController()
    const giveUp = (): void => late.abort(new RequestFailure('deadline_exceeded'))
    let timer = setTimeout(giveUp, firstByteMs)
    try {
      const response = await this.#ask(passage, exchange, AbortSignal.any([exchange.clientGone, late.signal]))
      clearTimeout(timer)
      timer = setTimeout(giveUp, Math.max(0, totalMs - (this.#deps.now() - passage.startedAt)))
      const type = response.headers.get('content-type') ?? 'application/json'
      if (response.status !== 200) {
        const body = (await response.text()).slice(0, errorCharsMax)
        await this.#end(passage, 'response.failed', { code: 'backend_error', upstream_status: response.status })
        return { status: response.status, headers: { 'content-type': type, ...retryAfterOf(response) }, body }
      }
      await this.#stream(passage, exchange, response, type)
      return null
    } finally {
      clearTimeout(timer)
    }
  }

  async #ask({ gateway }: Passage, exchange: Exchange, signal: AbortSignal): Promise<Response> {
    const credential = gateway.credential === undefined ? null : this.#deps.readCredential(gateway.credential)
    try {
      return await fetch(gateway.url + exchange.path, {
        method: 'POST',
        headers: relayedHeaders(exchange.headers, credential),
        body: JSON.stringify(relayedBody(exchange.bodyJson)),
        redirect: 'error',
        signal,
      })
    } catch (cause) {
      if (signal.aborted) throw signal.reason
      throw new RequestFailure('backend_unavailable', { retryAfterMs: 2000 }, cause)
    }
  }

  /** Ends cleanly only when the gateway's answer did, and its record is on disk. */
  async #stream(passage: Passage, exchange: Exchange, response: Response, type: string): Promise<void> {
    const stream = exchange.openStream({ 'content-type': type })
    const decoder = new TextDecoder()
    let bytes = 0
    try {
      for await (const piece of response.body ?? []) {
        bytes += piece.byteLength
        stream.write(decoder.decode(piece, { stream: true }))
      }
      if (!(await this.#end(passage, 'response.completed', { upstream_status: 200, bytes })))
        throw new RequestFailure('audit_unavailable')
      stream.end(decoder.decode())
    } catch (error) {
      stream.cut()
      if (exchange.clientGone.aborted) throw new RequestFailure('cancelled', {}, error)
      throw error instanceof RequestFailure ? error : new RequestFailure('cannot_continue', {}, error)
    }
  }

  readonly #ended = new WeakSet<Passage>()

  /** The one end record of a passage. */
  async #end(passage: Passage, type: TrailType, data: TrailData): Promise<boolean> {
    if (this.#ended.has(passage)) return false
    this.#ended.add(passage)
    const { request, intake, gateway, startedAt } = passage
    const duration_ms = Math.round(this.#deps.now() - startedAt)
    return this.#record(type, request, intake, { gateway: gateway.name, duration_ms, ...data })
  }

  async #record(type: TrailType, request: RequestId, intake: Intake, data: TrailData): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => resolve(false), this.#deps.recordWithinMs)
    const written = this.#deps.trail.record(type, request, intake.correlationId, data).then(
      () => true,
      (error: unknown) => {
        this.#deps.log.error({ err: error, request_id: request }, 'audit record not written')
        return false
      },
    )
    const durable = await Promise.race([written, late])
    clearTimeout(timer)
    return durable
  }
}

const endTypeOf = (code: ErrorCode): TrailType =>
  code === 'cancelled' || code === 'client_too_slow' ? 'response.client_gone' : 'response.failed'

const retryAfterOf = (response: Response): Record<string, string> => {
  const value = response.headers.get('retry-after')
  return value === null ? {} : { 'retry-after': value }
}
