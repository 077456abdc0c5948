import type { ServerResponse } from 'node:http'
import { refusalBody } from '../openai/refusal.ts'
import type { Refusal } from '../openai/refusal.ts'

/** `connection` is stated because Node would add a keep-alive hint, which vLLM's server does not send. */
const send = (response: ServerResponse, status: number, type: string | null, body: string): void => {
  response.writeHead(status, {
    connection: 'keep-alive',
    'content-length': Buffer.byteLength(body),
    ...(type !== null && { 'content-type': type }),
  })
  response.end(body)
}

export const sendJson = (response: ServerResponse, status: number, body: unknown): void =>
  send(response, status, 'application/json', JSON.stringify(body))

export const sendText = (response: ServerResponse, body: string): void =>
  send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', body)

export const sendEmpty = (response: ServerResponse, status: number): void => send(response, status, null, '')

export const sendRefusal = (response: ServerResponse, refusal: Refusal): void =>
  send(response, refusal.status, 'application/json', refusalBody(refusal))
