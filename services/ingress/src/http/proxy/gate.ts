import { RequestFailure } from '@penstock/contracts'
import type { Exchange } from '../exchange.ts'
import type { Handler } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import type { HttpAnswer } from '../http-answer.ts'
import { isKnownPrimitive, isProxiedPrimitive } from './unit-primitives.ts'

/** Longer values are no unit primitive, and are not repeated whole. */
const shownCharsMax = 64

/**
 * What is checked before a proxy looks at path and body, in the contract's order (http §8.9): the purpose is named, known, granted by
 * the token, and one that proxies are for.
 */
export const gated =
  (handle: Handler): Handler =>
  (exchange) =>
    refusal(exchange) ?? handle(exchange)

const refusal = ({ caller, headers }: Exchange): HttpAnswer | null => {
  if (caller?.kind !== 'gitlab') throw new RequestFailure('internal')
  const purpose = headers['x-gitlab-unit-primitive']
  if (typeof purpose !== 'string' || purpose === '') return refused(400, 'Missing x-gitlab-unit-primitive header')
  const shown = purpose.slice(0, shownCharsMax)
  if (!isKnownPrimitive(purpose)) return refused(400, `Unknown unit primitive header ${shown}`)
  if (!caller.principal.scopes.has(purpose)) return refused(403, `Unauthorized to access ${shown}`)
  if (!isProxiedPrimitive(purpose)) return refused(400, `This endpoint cannot be used for ${shown} purpose`)
  return null
}

export const refused = (status: number, detail: string): HttpAnswer => jsonAnswer(status, { detail })
