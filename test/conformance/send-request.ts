import { request } from 'node:http'
import type { HeaderValue } from './load-fixture.ts'

export interface RequestToSend {
  readonly method: string
  /** As it goes on the wire. */
  readonly path: string
  readonly headers: Readonly<Record<string, HeaderValue>>
  /** Null: the request has no body. */
  readonly body: string | null
}

export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** Why the answer has no proper end; null when it has. */
  readonly brokenOff: string | null
  /** From the request to the last byte. */
  readonly tookMs: number
}

/** Sends a request as it is, on a connection of its own. Throws when there is no answer within `withinMs`. */
export const sendRequest = (origin: string, what: RequestToSend, withinMs: number): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin)
    const startedAt = performance.now()
    const headers = Object.entries(what.headers).flatMap(([name, value]) =>
      (typeof value === 'string' ? [value] : value).flatMap((line) => [name, line]),
    )
    const named = (name: string): boolean => Object.keys(what.headers).some((key) => key.toLowerCase() === name)
    if (!named('host')) headers.push('Host', `${hostname}:${port}`)
    if (what.body !== null && !named('content-length') && !named('transfer-encoding'))
      headers.push('Content-Length', String(Buffer.byteLength(what.body)))
    const sent = request({ hostname, port, method: what.method, path: what.path, headers, agent: false })
    const timer = setTimeout(() => sent.destroy(new Error(`no complete answer within ${withinMs} ms`)), withinMs)
    sent.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    sent.on('response', (response) => {
      const pieces: Buffer[] = []
      const finish = (brokenOff: string | null): void => {
        clearTimeout(timer)
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(response.headers).map(([name, value]) => [name, [value ?? []].flat().join(', ')]),
          ),
          text: Buffer.concat(pieces).toString('utf8'),
          brokenOff,
          tookMs: performance.now() - startedAt,
        })
      }
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('end', () => finish(null))
      response.on('error', (error) => finish(error.message))
    })
    sent.end(what.body ?? undefined)
  })
