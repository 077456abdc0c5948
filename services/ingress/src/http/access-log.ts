import type { Logger } from '@penstock/runtime'
import type { Exchange } from './exchange.ts'
import { labelsOf } from './gitlab/request-headers.ts'
import type { HttpEvents } from './http-metrics.ts'

const pathCharsMax = 256

/** A call is over: one line with GitLab's field names, and the same in metrics. Never a body, a query or a credential. */
export const callEnded = (
  exchange: Exchange,
  call: { readonly handler: string; readonly remoteAddress: string | undefined },
  { log, events }: { readonly log: Pick<Logger, 'info'>; readonly events: HttpEvents },
): void => {
  const { method, status, durationS, firstChunkS } = exchange
  events.callAnswered({ handler: call.handler, method, status, durationS, firstChunkS })
  // Probes come every few seconds and say nothing.
  if (exchange.path.startsWith('/monitoring/') && status < 400) return
  log.info(
    {
      correlation_id: exchange.correlationId,
      method,
      path: exchange.path.slice(0, pathCharsMax),
      handler: call.handler,
      status,
      duration_s: round(durationS),
      ...(firstChunkS === null ? {} : { first_chunk_duration_s: round(firstChunkS) }),
      ...(exchange.failure === null ? {} : { failure: exchange.failure }),
      remote_ip: call.remoteAddress,
      ...callerLabels(exchange),
      ...labelsOf(exchange.headers),
    },
    'access',
  )
}

const round = (seconds: number): number => Math.round(seconds * 1e6) / 1e6

const callerLabels = ({ caller }: Exchange): Record<string, string> => {
  if (caller === null) return {}
  if (caller.kind === 'openai') return { api_key_name: caller.key.name, principal: caller.digest }
  return { token_issuer: caller.principal.issuer, principal: caller.principal.digest }
}
