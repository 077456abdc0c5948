import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { NodeClient } from './node-client.ts'
import type { NodeCallFailed } from './node-client.ts'
import { NodeInspector } from './node-inspector.ts'
import type { NodeReach } from './node-lookup.ts'
import { BedrockBackend } from './backends/bedrock/bedrock-backend.ts'

/** Security §11, F5: names of the configuration that lead elsewhere than the configuration means. */

let connections = 0
const server = createServer((_request, response) => void response.writeHead(404).end('{}'))
server.on('connection', () => (connections += 1))
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => new Promise((resolve) => server.close(resolve)))
beforeEach(() => (connections = 0))

const urlOf = (host: string): string => `http://${host}:${(server.address() as AddressInfo).port}/v1`

/** Names lead to these addresses, whichever is asked for. */
const leadingTo =
  (...addresses: string[]): NonNullable<NodeReach['lookup']> =>
  (_hostname, _options, found) =>
    found(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )

const call = async (host: string, reach: Omit<NodeReach, 'address'>): Promise<number | string | null> => {
  const client = new NodeClient(urlOf(host), { address: null, ...reach })
  onTestFinished(() => client.close())
  const { signal } = new AbortController()
  return client.call({ path: '/x', body: {}, headers: {}, signal, onObject: () => true }).then(
    ({ status }) => status,
    (error: unknown) => (error as NodeCallFailed).refused,
  )
}

test.each([
  '127.0.0.1',
  '::1',
  '::ffff:127.0.0.1',
  '0.0.0.0',
  '169.254.169.254',
  '169.254.170.2',
  '::ffff:169.254.169.254',
  'fd00:ec2::254',
  'fe80::1',
  '100.100.100.200',
  '168.63.129.16',
])('a name that leads to %s is not connected to, and the reason names both', async (address) => {
  const lookup = leadingTo(address)
  expect(await call('gpu.example.test', { lookup })).toBe(
    `gpu.example.test leads to ${address}, which is not in the networks of the node`,
  )
  const inspector = new NodeInspector(urlOf('gpu.example.test'), null, { address: null, lookup })
  onTestFinished(() => inspector.close())
  expect(await inspector.get('/health')).toBeNull()
  expect(connections).toBe(0)
})

test('a name that is rebound after its first answer leads nowhere', async () => {
  let asked = 0
  const lookup: NodeReach['lookup'] = (hostname, options, found) =>
    leadingTo(asked++ === 0 ? '127.0.0.1' : '169.254.169.254')(hostname, options, found)
  const networks = ['127.0.0.0/8']
  const client = new NodeClient(urlOf('gpu.example.test'), { address: null, networks, lookup })
  onTestFinished(() => client.close())
  const { signal } = new AbortController()
  const ask = () => client.call({ path: '/x', body: {}, headers: {}, signal, onObject: () => true })
  expect((await ask()).status).toBe(404)
  server.closeAllConnections()
  await expect
    .poll(() =>
      ask().then(
        () => null,
        (error: NodeCallFailed) => error.refused,
      ),
    )
    .toMatch(/169\.254\.169\.254/)
  expect(connections).toBe(1)
})

test('networks say where a name may lead, and nowhere else then', async () => {
  expect(await call('gpu.example.test', { networks: ['127.0.0.0/8'], lookup: leadingTo('127.0.0.1') })).toBe(404)
  expect(await call('gpu.example.test', { networks: ['10.0.0.0/8'], lookup: leadingTo('192.168.1.1') })).toMatch(
    /192\.168/,
  )
  // Of several addresses only those that are allowed are tried.
  const several = leadingTo('169.254.169.254', '127.0.0.1')
  expect(await call('gpu.example.test', { networks: ['127.0.0.0/8'], lookup: several })).toBe(404)
})

test('this machine is meant by its name or address', async () => {
  expect(await call('localhost', {})).toBe(404)
  expect(await call('127.0.0.1', { networks: ['10.0.0.0/8'] })).toBe(404)
  expect(await call('localhost', { lookup: leadingTo('169.254.169.254') })).toMatch(/169\.254/)
  expect(await call('localhost.example.test', { lookup: leadingTo('127.0.0.1') })).toMatch(/127\.0\.0\.1/)
})

test('the vendor’s SDK connects no further than we do', async () => {
  const backend = new BedrockBackend(
    {
      node: 'bedrock',
      url: urlOf('bedrock.example.test').replace('/v1', ''),
      reach: { address: null, lookup: leadingTo('127.0.0.1') },
      backend: { kind: 'bedrock', region: 'eu-central-1' },
      apiKey: 'key',
    },
    () => '',
  )
  onTestFinished(() => backend.close())
  const answer = await backend.answer({
    call: { kind: 'chat', messages: [{ role: 'user', content: 'hi' }] },
    servedName: 'm',
    cacheSalt: 's',
    answersAs: ['m'],
    requestId: 'r.1',
    traceparent: undefined,
    signal: new AbortController().signal,
    onParts: () => undefined,
  })
  expect(answer).toMatchObject({ kind: 'trouble', trouble: { kind: 'unreachable' } })
  expect(connections).toBe(0)
})
