import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigDocument } from '@penstock/config'
import type { Part } from '@penstock/contracts'
import type { ModelCall } from '@penstock/models'
import { onTestFinished } from 'vitest'
import { expandNodes } from '../core/expand-nodes.ts'
import type { Backend, BackendAnswer } from './backend.ts'
import { openBackend } from './open-backend.ts'

export interface Heard {
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
  /** The connection that brought the call is closed. */
  closed: boolean
}

export interface ModelServer {
  readonly url: string
  readonly heard: Heard[]
}

/** A server of the test's own, which answers as recorded. */
export const startModelServer = async (answer: (response: ServerResponse) => void): Promise<ModelServer> => {
  const heard: Heard[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      const one = { url: request.url ?? '', headers: request.headers, body: JSON.parse(body) as unknown, closed: false }
      heard.push(one)
      request.socket.once('close', () => (one.closed = true))
      answer(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard }
}

/** The adapter that a configuration with these settings of a node opens. Every secret reads as its own reference. */
export const backendOf = (node: { url: string; backend: object; credential?: string }): Backend => {
  const document = ConfigDocument.parse({
    nodes: [{ name: 'vendor', ...node }],
    pools: [{ name: 'p', nodes: ['vendor'] }],
    models: [],
  })
  const [spec] = expandNodes(document.nodes, new Map())
  const backend = openBackend(spec!, (reference) => `secret of ${reference}`)
  onTestFinished(() => backend.close())
  return backend
}

export const userSays = (content: string): ModelCall => ({ kind: 'chat', messages: [{ role: 'user', content }] })

interface AskOptions {
  readonly servedName?: string
  readonly answersAs?: readonly string[] | null
  readonly leaveAt?: 'first part'
}

/** Asks and gathers. `leaveAt`: the run is cancelled at the first part. */
export const ask = async (
  backend: Backend,
  call: ModelCall,
  { servedName = 'house', answersAs = null, leaveAt }: AskOptions = {},
): Promise<{ parts: Part[]; answer: BackendAnswer }> => {
  const parts: Part[] = []
  const run = new AbortController()
  const answer = await backend.answer({
    call,
    servedName,
    answersAs,
    cacheSalt: 'salt',
    requestId: 'r.1',
    traceparent: undefined,
    signal: run.signal,
    onParts: (more) => {
      parts.push(...more)
      if (leaveAt !== undefined && parts.length > 0) run.abort()
    },
  })
  return { parts, answer }
}
