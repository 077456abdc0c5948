import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Engine } from './engine.ts'
import type { Handle } from './http/http-listener.ts'
import type { InferenceRoute } from './http/inference-route.ts'
import { sendEmpty, sendJson, sendRefusal, sendText } from './http/send-json.ts'
import type { NodeMetrics } from './metrics/node-metrics.ts'
import { noRoute } from './openai/refusal.ts'

export interface ServerOptions {
  readonly models: readonly [string, ...string[]]
  /** Empty: no key is asked for. */
  readonly apiKeys: readonly string[]
  /** Prompt and answer together, tokens. */
  readonly modelLengthMax: () => number
  /** Epoch seconds, shown in the model list. */
  readonly startedAt: number
}

/** vLLM release whose wire format the node follows. */
const version = '0.24.0'

type Route = (message: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** The node's data port: vLLM's routes and nothing else. */
export const dataHandler = (
  options: ServerOptions,
  { inference, engine, metrics }: { inference: InferenceRoute; engine: Engine; metrics: NodeMetrics },
): Handle => {
  const health: Route = (_, response) => sendEmpty(response, 200)
  const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
    '/health': { GET: health },
    '/ping': { GET: health, POST: health },
    '/version': { GET: (_, response) => sendJson(response, 200, { version }) },
    '/load': { GET: (_, response) => sendJson(response, 200, { server_load: inference.inFlight }) },
    '/metrics': { GET: (_, response) => sendText(response, metrics.render(engine.load())) },
    '/v1/models': {
      GET: (_, response) => sendJson(response, 200, { object: 'list', data: options.models.map(modelCard(options)) }),
    },
    '/v1/chat/completions': { POST: (message, response) => inference.handle(message, response, 'chat') },
    '/v1/completions': { POST: (message, response) => inference.handle(message, response, 'completion') },
  }
  return async (message, response) => {
    const path = new URL(message.url ?? '/', 'http://node').pathname
    if (path.startsWith('/v1') && !authorised(message, options.apiKeys))
      return sendJson(response, 401, { error: 'Unauthorized' })
    const methods = Object.hasOwn(routes, path) ? routes[path] : undefined
    if (methods === undefined) return sendRefusal(response, noRoute(404))
    const route = methods[message.method ?? '']
    if (route === undefined) return sendRefusal(response, noRoute(405))
    await route(message, response)
  }
}

const authorised = (message: IncomingMessage, apiKeys: readonly string[]): boolean => {
  if (apiKeys.length === 0 || message.method === 'OPTIONS') return true
  const [scheme, key] = (message.headers.authorization ?? '').split(' ', 2)
  return scheme?.toLowerCase() === 'bearer' && key !== undefined && apiKeys.includes(key)
}

const modelCard = (options: ServerOptions) => (id: string) => ({
  id,
  object: 'model',
  created: options.startedAt,
  owned_by: 'vllm',
  root: options.models[0],
  parent: null,
  max_model_len: options.modelLengthMax(),
  permission: [],
})
