import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { drainConnections } from './drain-connections.ts'

test('a server that drains finishes what it streams, answers once more where it is asked, and ends although clients keep their connections', async () => {
  const streams: ServerResponse[] = []
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    if (request.url === '/stream') {
      streams.push(response)
      response.writeHead(200).write('begun ')
    } else response.end('whole')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    connections: 2,
    keepAliveTimeout: 60_000,
  })
  onTestFinished(() => client.destroy())
  const streamed = await client.request({ method: 'GET', path: '/stream' })
  const other = await client.request({ method: 'GET', path: '/stream' })

  const noticed = drainConnections(server, 1000)
  streams[0]?.end('ended')
  expect(await streamed.body.text()).toBe('begun ended')
  for (let asked = 0; asked < 2; asked += 1) {
    const again = await client.request({ method: 'GET', path: '/' })
    expect([again.headers['connection'], await again.body.text()]).toEqual(['close', 'whole'])
  }
  await noticed
  const ended = once(server, 'close')
  server.close()
  streams[1]?.end('ended')
  expect(await other.body.text()).toBe('begun ended')
  await ended
})
