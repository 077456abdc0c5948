import type { ConfigSnapshot } from '@penstock/config'
import type { Logger } from '@penstock/runtime'
import type { KeyedDigest } from '../auth/keyed-digest.ts'
import type { RequestDesk } from '../core/intake.ts'
import type { Exchange } from './exchange.ts'
import type { HttpAnswer } from './http-answer.ts'

/** What handlers may use. */
export interface HandlerDependencies {
  readonly desk: RequestDesk
  readonly digest: KeyedDigest
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Null until the first configuration came. */
  config(): ConfigSnapshot | null
  /** Epoch ms. */
  now(): number
}

/** Answers one authenticated call: with a whole answer, or by streaming, and then null. What it throws becomes the front's error. */
export type Handler = (exchange: Exchange) => Promise<HttpAnswer | null> | HttpAnswer

export interface Route {
  readonly method: 'GET' | 'POST'
  /** May end in `/*`. */
  readonly path: string
  readonly handle: Handler
  /** Errors of this route in a form of their own; the front's otherwise. */
  failed?(thrown: unknown, exchange: Exchange): HttpAnswer
}

/** One family of clients: its credentials, its routes and the form of its errors. */
export interface Front {
  readonly routes: readonly Route[]
  /** Sets the exchange's caller; an answer instead when the credential does not do. */
  authenticate(exchange: Exchange): Promise<HttpAnswer | null> | HttpAnswer | null
  failed(thrown: unknown, exchange: Exchange): HttpAnswer
  notFound(): HttpAnswer
  methodNotAllowed(allowed: readonly string[]): HttpAnswer
}
