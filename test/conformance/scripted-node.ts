import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FixtureReply } from './load-fixture.ts'
import { askedOf, playReply } from './play-reply.ts'

/** A call that the gateway made at a node. */
export interface NodeCall {
  readonly method: string
  /** Under the name that GitLab has for the node. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The JSON of the body, or its text when it is none. */
  readonly body: unknown
}

/** A model server that says what a fixture tells it to. */
export interface ScriptedNode extends AsyncDisposable {
  readonly endpoint: string
  /** Where it listens, with the endpoint's path. */
  readonly url: string
  /** Since the last script. */
  readonly calls: readonly NodeCall[]
  /** What calls are answered with from now on; null: with an error. */
  script(reply: FixtureReply | null): void
}

/** An address, of many, on which nothing listens for sure: any port that the system gives out may be another process's a moment later. */
export const refusingOrigin = (number: number): string => `http://127.1.${number >> 8}.${number & 255}:1`

/** Starts a node for an endpoint. Null as its served names: it tells of none, and answers under any. `refusesAt`: it has this address instead, on which nothing listens. */
export const startScriptedNode = async (
  endpoint: string,
  servedNames: readonly string[] | null,
  { refusesAt = null }: { refusesAt?: string | null } = {},
): Promise<ScriptedNode> => {
  const { pathname, origin } = new URL(endpoint)
  const path = pathname.replace(/\/+$/, '')
  const calls: NodeCall[] = []
  let scripted: FixtureReply | null = null
  const script = (reply: FixtureReply | null): void => {
    scripted = reply
    calls.length = 0
  }
  if (refusesAt !== null)
    return {
      endpoint,
      url: `${refusesAt}${path}`,
      calls,
      script,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await bodyOf(request)
    const probe = probeAnswer(request, servedNames)
    if (probe !== null)
      return send(response, { status: 200, headers: { 'content-type': 'application/json' }, body: probe })
    const body = parseOr(text)
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, [value ?? []].flat().join(', ')]),
    )
    calls.push({ method: request.method ?? '', url: origin + (request.url ?? ''), headers, body })
    send(response, playReply(scripted ?? unscripted, askedOf(body)))
  }
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    calls,
    script,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

const unscripted: FixtureReply = { status: 500, body: { error: { message: 'no call was expected here', code: 500 } } }

/** Questions about the server itself, under any path: they come when the gateway likes, and are no calls. */
const probeAnswer = ({ method, url = '' }: IncomingMessage, servedNames: readonly string[] | null): string | null => {
  if (method !== 'GET') return null
  if (url.endsWith('/version')) return JSON.stringify({ version: '0.24.0' })
  if (url.endsWith('/models') && servedNames !== null)
    return JSON.stringify({ object: 'list', data: servedNames.map((id) => ({ id, object: 'model' })) })
  return ['/health', '/ping', '/metrics', '/load', '/models'].some((probe) => url.endsWith(probe)) ? '' : null
}

const send = (
  response: ServerResponse,
  { status, headers, body }: { status: number; headers: Readonly<Record<string, string>>; body: string },
): void => {
  response.writeHead(status, headers)
  response.end(body)
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString('utf8')
}

const parseOr = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
