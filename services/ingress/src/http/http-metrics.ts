import { Gauge, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'

/** One answered call. Label values are few and bounded: ids go to the log. */
export interface AnsweredCall {
  /** The route, or `unknown`. */
  readonly handler: string
  readonly method: string
  readonly status: number
  readonly durationS: number
  /** Time to the first byte of a stream; null for whole answers. */
  readonly firstChunkS: number | null
}

/** What the HTTP edge tells whoever counts. */
export interface HttpEvents {
  callAnswered(call: AnsweredCall): void
  /** `bodyBytes` tells the bytes that bodies take, whenever it is asked. */
  watchBodyBytes(bodyBytes: () => number): void
}

const durationBucketsS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
const firstChunkBucketsS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Counts calls in a registry. */
export const createHttpMetrics = (registry: Registry): HttpEvents => {
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request to the end of its answer',
    labelNames: ['handler', 'method', 'status'],
    buckets: durationBucketsS,
    registers: [registry],
  })
  const firstChunks = new Histogram({
    name: 'http_first_chunk_duration_seconds',
    help: 'Time from the request to the first byte of a streamed answer',
    labelNames: ['handler'],
    buckets: firstChunkBucketsS,
    registers: [registry],
  })
  return {
    callAnswered({ handler, method, status, durationS, firstChunkS }) {
      durations.observe({ handler, method: methods.has(method) ? method : 'other', status: String(status) }, durationS)
      if (firstChunkS !== null) firstChunks.observe({ handler }, firstChunkS)
    },
    watchBodyBytes(bodyBytes) {
      new Gauge({
        name: 'penstock_ingress_body_bytes',
        help: 'Bytes that the bodies of requests under way take',
        registers: [registry],
        collect() {
          this.set(bodyBytes())
        },
      })
    },
  }
}
