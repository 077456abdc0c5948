import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'

/** W3C trace context as plain headers. */
export interface TraceCarrier {
  traceparent?: string | undefined
  tracestate?: string | undefined
}

const propagator = new W3CTraceContextPropagator()
const getter = {
  keys: (carrier: TraceCarrier) => Object.keys(carrier),
  get: (carrier: TraceCarrier, key: string) =>
    key === 'traceparent' ? carrier.traceparent : key === 'tracestate' ? carrier.tracestate : undefined,
}
const setter = {
  set: (carrier: TraceCarrier, key: string, value: string) => {
    if (key === 'traceparent') carrier.traceparent = value
    if (key === 'tracestate') carrier.tracestate = value
  },
}

/** A span together with the context that its children and the next hop need. */
export interface OpenSpan {
  readonly span: Span
  readonly traceId: string
  /** Trace context for the next hop. */
  carrier(): TraceCarrier
  /** Ends the span; an error marks it failed with its code. */
  end(error?: string): void
}

export interface Tracing extends AsyncDisposable {
  /** Starts a span under a carried parent, or a new trace when there is none. */
  open(
    name: string,
    kind: 'server' | 'client' | 'producer' | 'consumer' | 'internal',
    parent: TraceCarrier,
    attributes?: Attributes,
  ): OpenSpan
}

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
}

/**
 * Tracing for one process. Without `OTEL_EXPORTER_OTLP_ENDPOINT` spans record nothing, but ids are made and handed on, so that
 * logs of all services share a trace id. With it, spans go there by OTLP over HTTP. Contexts are passed by hand: no
 * async-context tracking on the hot path.
 */
export const startTracing = async (options: {
  service: string
  instance: string
  otlpEndpoint: string | undefined
}): Promise<Tracing> => {
  const exporting = options.otlpEndpoint !== undefined
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': `penstock-${options.service}`,
      'service.instance.id': options.instance,
    }),
    sampler: exporting ? new ParentBasedSampler({ root: new AlwaysOnSampler() }) : new AlwaysOffSampler(),
    spanProcessors: exporting ? [new BatchSpanProcessor({ exporter: await otlpExporter() })] : [],
  })
  const tracer: Tracer = provider.getTracer('penstock')
  return {
    open(name, kind, parent, attributes = {}) {
      const parentContext: Context =
        parent.traceparent === undefined ? ROOT_CONTEXT : propagator.extract(ROOT_CONTEXT, parent, getter)
      const span = tracer.startSpan(name, { kind: kinds[kind], attributes }, parentContext)
      return {
        span,
        traceId: span.spanContext().traceId,
        carrier() {
          const carrier: TraceCarrier = {}
          propagator.inject(trace.setSpan(parentContext, span), carrier, setter)
          return carrier
        },
        end(error) {
          if (error !== undefined) {
            span.setAttribute('error.type', error)
            span.setStatus({ code: SpanStatusCode.ERROR })
          }
          span.end()
        },
      }
    },
    [Symbol.asyncDispose]: () => provider.shutdown(),
  }
}

/** The exporter reads endpoint and headers from the standard `OTEL_EXPORTER_OTLP_*` variables; loaded only when wanted. */
const otlpExporter = async () => {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto')
  return new OTLPTraceExporter()
}
