import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Engine } from './engine.ts'
import type { Handle } from './http/http-listener.ts'
import type { InferenceRoute } from './http/inference-route.ts'
import { sendEmpty, sendJson, sendMetrics, sendRefusal } from './http/send-json.ts'
import type { NodeMetrics } from './metrics/node-metrics.ts'
import type { NodeSettings } from './node-settings.ts'
import { noRoute } from './openai/refusal.ts'
import { versionProfiles } from './profiles/version-profile.ts'
import type { VersionProfile } from './profiles/version-profile.ts'
import type { ServedModels } from './served-models.ts'

export interface ServerDependencies {
  readonly settings: () => NodeSettings
  readonly models: ServedModels
  readonly inference: InferenceRoute
  readonly engine: Engine
  readonly metrics: NodeMetrics
}

type Route = (message: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** The node's data port: vLLM's routes and nothing else. */
export const dataHandler = (
  { apiKeys }: { /** Empty: no key is asked for. */ readonly apiKeys: readonly string[] },
  { settings, models, inference, engine, metrics }: ServerDependencies,
): Handle => {
  const profile = (): VersionProfile => versionProfiles[settings().profile]
  const health: Route = (_, response) => sendEmpty(response, 200)
  const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
    '/health': { GET: health },
    '/ping': { GET: health, POST: health },
    '/version': { GET: (_, response) => sendJson(response, 200, { version: profile().version }) },
    '/load': {
      GET: (_, response) =>
        sendJson(response, 200, { server_load: settings().serverLoadTracking ? inference.inFlight : 0 }),
    },
    '/metrics': { GET: (_, response) => sendMetrics(response, metrics.render(engine.load())) },
    '/v1/models': { GET: (_, response) => sendJson(response, 200, models.list(settings().modelLengthMax)) },
    '/v1/chat/completions': { POST: (message, response) => inference.handle(message, response, 'chat') },
    '/v1/completions': { POST: (message, response) => inference.handle(message, response, 'completion') },
  }
  return async (message, response) => {
    const path = new URL(message.url ?? '/', 'http://node').pathname
    const guarded = profile().guardedPaths.some((prefix) => path.startsWith(prefix))
    if (guarded && !authorised(message, apiKeys)) return sendJson(response, 401, { error: 'Unauthorized' })
    const methods = Object.hasOwn(routes, path) ? routes[path] : undefined
    if (methods === undefined) return sendRefusal(response, noRoute(404), profile())
    const route = methods[message.method ?? '']
    if (route === undefined) return sendRefusal(response, noRoute(405), profile())
    await route(message, response)
  }
}

const authorised = (message: IncomingMessage, apiKeys: readonly string[]): boolean => {
  if (apiKeys.length === 0 || message.method === 'OPTIONS') return true
  const [scheme, key] = (message.headers.authorization ?? '').split(' ', 2)
  return scheme?.toLowerCase() === 'bearer' && key !== undefined && apiKeys.includes(key)
}
