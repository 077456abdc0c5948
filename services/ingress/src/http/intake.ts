import type { IncomingHttpHeaders } from 'node:http'
import type { ModelReference } from '@penstock/contracts'
import type { Feature } from '@penstock/features'
import type { KeyedDigest } from '../auth/keyed-digest.ts'
import type { Intake, ParentTrace } from '../core/intake.ts'
import type { Exchange } from './exchange.ts'

/** A validated request as the core takes it. */
export const intakeOf = <I>(
  feature: Feature<I>,
  request: { readonly input: I; readonly model: ModelReference; readonly principal: string },
  exchange: Exchange,
  digest: KeyedDigest,
): Intake => {
  const tenant = tenantOf(exchange, digest)
  const json = JSON.stringify(request.input)
  const replaced = feature.replaces?.(request.input) ?? null
  return {
    feature: feature.name,
    model: request.model,
    principal: request.principal,
    tenant,
    correlationId: exchange.correlationId,
    body: Buffer.from(json),
    replaceKey: replaced === null ? null : digest('replace', `${request.principal}\n${replaced}`),
    // The very same question of the same tenant, whoever asks.
    flightKey:
      replaced === null
        ? null
        : digest('flight', `${tenant}\n${feature.name}\n${JSON.stringify(request.model)}\n${json}`),
    ...feature.size(request.input),
    // Features name prefixes in plain text: only a keyed hash of it leaves this process.
    affinity: feature.affinity(request.input).map((text) => digest('affinity', text)),
    trace: parentTraceOf(exchange.headers),
  }
}

/** Trust ends at the instance: users of one are told apart by it, a key of the OpenAI front is its own. */
const tenantOf = ({ caller }: Exchange, digest: KeyedDigest): string => {
  switch (caller?.kind) {
    case 'gitlab':
      return digest('tenant', caller.principal.instanceId)
    case 'openai':
      return caller.digest
    case undefined:
      throw new Error('a request is taken in before its caller is known')
  }
}

const traceparentForm = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/
const tracestateCharsMax = 512

/** The caller's trace context where it is well-formed. Baggage is never taken over. */
const parentTraceOf = ({ traceparent, tracestate }: IncomingHttpHeaders): ParentTrace => {
  if (typeof traceparent !== 'string' || !traceparentForm.test(traceparent)) return {}
  return typeof tracestate === 'string' && tracestate.length <= tracestateCharsMax
    ? { traceparent, tracestate }
    : { traceparent }
}
