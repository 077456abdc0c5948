import { headers } from '@nats-io/transport-node'
import type { MsgHdrs } from '@nats-io/transport-node'

/** W3C trace context as it stands in HTTP and NATS headers and in jobs. */
export interface TraceHeaders {
  traceparent?: string | undefined
  tracestate?: string | undefined
}

export const toNatsHeaders = (trace: TraceHeaders | undefined): MsgHdrs | undefined => {
  if (trace?.traceparent === undefined) return undefined
  const carried = headers()
  carried.set('traceparent', trace.traceparent)
  if (trace.tracestate !== undefined && trace.tracestate !== '') carried.set('tracestate', trace.tracestate)
  return carried
}

export const fromNatsHeaders = (carried: MsgHdrs | undefined): TraceHeaders => {
  if (carried === undefined) return {}
  const traceparent = carried.get('traceparent')
  return traceparent === '' ? {} : { traceparent, tracestate: carried.get('tracestate') }
}
