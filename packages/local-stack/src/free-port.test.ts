import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, requireFreePort, startOnFreePort } from './free-port.ts'
import { LaunchError } from './launch.ts'

test('a port in use is refused in one line with the variable that chooses it', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await expect(requireFreePort(port, '0.0.0.0', 'SOME_PORT')).rejects.toThrow(
    `port ${port} is in use: set SOME_PORT to a free port, or stop what uses it`,
  )
})

test('a free port passes and stays free', async () => {
  const port = await freePort()
  await expect(requireFreePort(port, '127.0.0.1', 'SOME_PORT')).resolves.toBeUndefined()
  await expect(requireFreePort(port, '127.0.0.1', 'SOME_PORT')).resolves.toBeUndefined()
})

test('a port taken between choosing and binding is exchanged for another', async () => {
  const tried: number[] = []
  const started = await startOnFreePort(async (port) => {
    tried.push(port)
    if (tried.length < 3) throw new LaunchError('redis-server', 'ended', ['bind: Address already in use'])
    return port
  })
  expect(tried).toHaveLength(3)
  expect(started).toBe(tried[2])
})

test('any other failure is not repeated', async () => {
  let calls = 0
  const start = async (): Promise<never> => {
    calls++
    throw new LaunchError('redis-server', 'ended', ['out of memory'])
  }
  await expect(startOnFreePort(start)).rejects.toThrow('redis-server ended: out of memory')
  expect(calls).toBe(1)
})
