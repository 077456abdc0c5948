import type { IncomingHttpHeaders } from 'node:http'
import type { ModelReference } from '@penstock/contracts'
import type { ConfigDocument } from '@penstock/config'
import type { Feature } from '@penstock/features'
import type { KeyedDigest } from '../auth/keyed-digest.ts'
import type { Intake, ParentTrace, ReasoningView } from '../core/intake.ts'
import type { Exchange } from './exchange.ts'
import type { HandlerDependencies } from './front.ts'

/** A validated request as the core takes it. */
export const intakeOf = <I>(
  feature: Feature<I>,
  request: {
    readonly input: I
    readonly model: ModelReference
    readonly principal: string
    readonly whole: boolean
    /** Default `hidden`. */
    readonly reasoning?: ReasoningView
  },
  exchange: Exchange,
  { digest, config }: Pick<HandlerDependencies, 'digest' | 'config'>,
): Intake => {
  const tenant = tenantOf(exchange, digest)
  const domain = digest('domain', domainOf(exchange, config()?.document.isolation ?? 'instance'))
  const json = JSON.stringify(request.input)
  const replaced = feature.replaces?.(request.input) ?? null
  return {
    feature: feature.name,
    model: request.model,
    principal: request.principal,
    tenant,
    domain,
    correlationId: exchange.correlationId,
    body: Buffer.from(json),
    replaceKey: replaced === null ? null : digest('replace', `${request.principal}\n${replaced}`),
    // The very same question of the same trust domain, whoever asks.
    flightKey:
      replaced === null
        ? null
        : digest('flight', `${domain}\n${feature.name}\n${JSON.stringify(request.model)}\n${json}`),
    reasoning: request.reasoning ?? 'hidden',
    whole: request.whole,
    ...feature.size(request.input),
    // Features name prefixes in plain text: only a keyed hash of it leaves this process. Domains share no cache, so no node either.
    affinity: feature.affinity(request.input).map((text) => digest('affinity', `${domain}\n${text}`)),
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

/**
 * Whose prompts may meet in a prefix cache. The parts come from the verified credential; the root namespace is a header, which only
 * GitLab itself is trusted with: a token in a user's hands would choose whose cache it listens to, and gets the user's own domain.
 */
const domainOf = ({ caller, headers }: Exchange, isolation: ConfigDocument['isolation']): string => {
  if (caller === null) throw new Error('a request is taken in before its caller is known')
  if (caller.kind === 'openai') {
    const { domain } = caller.key
    return domain === undefined ? `key\n${caller.digest}` : `keys\n${domain}`
  }
  const { instanceId, digest, gatewayIssued } = caller.principal
  if (isolation === 'instance') return `instance\n${instanceId}`
  const namespace = headers['x-gitlab-root-namespace-id']
  return isolation === 'namespace' && !gatewayIssued && typeof namespace === 'string' && namespace !== ''
    ? `namespace\n${instanceId}\n${namespace}`
    : `user\n${digest}`
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
