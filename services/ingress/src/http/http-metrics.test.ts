import { startMetricsServer } from '@penstock/runtime'
import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { createHttpMetrics } from './http-metrics.ts'

it('metrics are served without authentication, with few label values whatever was called', async () => {
  const registry = new Registry()
  const events = createHttpMetrics(registry)
  events.watchBodyBytes(() => 42)
  events.callAnswered({ handler: '/v2/completions', method: 'POST', status: 200, durationS: 0.2, firstChunkS: 0.1 })
  events.callAnswered({ handler: 'unknown', method: 'BREW', status: 404, durationS: 0.001, firstChunkS: null })
  await using server = await startMetricsServer({ host: '127.0.0.1', port: 0 }, registry)
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`)
  const text = await response.text()
  expect(response.headers.get('content-type')).toContain('text/plain')
  expect(text).toContain('http_request_duration_seconds_count{handler="/v2/completions",method="POST",status="200"} 1')
  expect(text).toContain('http_request_duration_seconds_count{handler="unknown",method="other",status="404"} 1')
  expect(text).toContain('http_first_chunk_duration_seconds_count{handler="/v2/completions"} 1')
  expect(text).toContain('penstock_ingress_body_bytes 42')
  expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(404)
})
