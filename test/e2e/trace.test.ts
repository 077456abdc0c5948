import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { testModel } from '../stack/seed-config.ts'
import { startTestStack } from '../stack/start-stack.ts'

it('one trace leads from the client through ingress, router and worker', async () => {
  const received: Buffer[] = []
  const collector = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      received.push(Buffer.concat(pieces))
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  const { port } = collector.address() as AddressInfo
  await using stack = await startTestStack({
    nodes: 1,
    workers: 1,
    routers: 1,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_BSP_SCHEDULE_DELAY: '200' },
  })
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const response = await fetch(`${stack.apiUrl}/v1/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${stack.openAiKey}`,
      'content-type': 'application/json',
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    },
    body: JSON.stringify({ model: testModel.name, prompt: 'x = ', max_tokens: 3 }),
  })
  expect(response.status).toBe(200)

  const id = Buffer.from(traceId, 'hex')
  /** Services that exported a span of this trace. */
  const services = () =>
    ['ingress', 'router', 'worker'].filter((name) =>
      received.some((batch) => batch.includes(id) && batch.includes(`penstock-${name}`)),
    )
  await expect.poll(services, { timeout: 15_000 }).toEqual(['ingress', 'router', 'worker'])
  collector.close()
  collector.closeAllConnections()
})
