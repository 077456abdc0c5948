import { expect, test } from 'vitest'
import { startTracing } from './tracing.ts'

test('without an exporter a trace still has one id, from the caller through every hop', async () => {
  await using tracing = await startTracing({ service: 'x', instance: 'x-1', otlpEndpoint: undefined })
  const traceId = 'a'.repeat(32)
  const first = tracing.open('one', 'server', { traceparent: `00-${traceId}-${'b'.repeat(16)}-00`, tracestate: 'v=1' })
  const second = tracing.open('two', 'consumer', first.carrier())
  expect([first.traceId, second.traceId]).toEqual([traceId, traceId])
  expect(second.carrier().traceparent).not.toBe(first.carrier().traceparent)
  expect(second.carrier().tracestate).toBe('v=1')
})

test('a request without a trace starts one, a broken traceparent counts as none', async () => {
  await using tracing = await startTracing({ service: 'x', instance: 'x-1', otlpEndpoint: undefined })
  const ids = [{}, { traceparent: 'nonsense' }].map((parent) => tracing.open('one', 'server', parent).traceId)
  for (const id of ids) expect(id).toMatch(/^(?!0{32})[0-9a-f]{32}$/)
  expect(ids[0]).not.toBe(ids[1])
})
