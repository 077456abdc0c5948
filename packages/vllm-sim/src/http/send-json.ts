import type { ServerResponse } from 'node:http'
import { refusalBody } from '../openai/refusal.ts'
import type { Refusal } from '../openai/refusal.ts'
import type { VersionProfile } from '../profiles/version-profile.ts'

type Headers = Readonly<Record<string, string>>

/** `connection` is stated because Node would add a keep-alive hint, which vLLM's server does not send. */
const send = (
  response: ServerResponse,
  status: number,
  type: string | null,
  body: string,
  headers: Headers = {},
): void => {
  response.writeHead(status, {
    connection: 'keep-alive',
    'content-length': Buffer.byteLength(body),
    ...(type !== null && { 'content-type': type }),
    ...headers,
  })
  response.end(body)
}

export const sendJson = (response: ServerResponse, status: number, body: unknown, headers?: Headers): void =>
  send(response, status, 'application/json', JSON.stringify(body), headers)

/** Plain text, as a few of vLLM's management routes answer. */
export const sendText = (response: ServerResponse, status: number, body: string): void =>
  send(response, status, 'text/plain; charset=utf-8', body)

export const sendMetrics = (response: ServerResponse, body: string): void =>
  send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', body)

export const sendEmpty = (response: ServerResponse, status: number): void => send(response, status, null, '')

export const sendRefusal = (response: ServerResponse, refusal: Refusal, { errorBody }: VersionProfile): void =>
  send(response, refusal.status, 'application/json', refusalBody(refusal, errorBody))
