import type { IncomingMessage } from 'node:http'
import type { Clock } from './clock.ts'
import type { FaultBook } from './faults/fault-book.ts'
import { answerRoutes, poolingTasks, routePattern } from './http/answer-routes.ts'
import { devRoutes } from './http/dev-routes.ts'
import { embeddingRoute } from './http/embedding-route.ts'
import type { Handle } from './http/http-listener.ts'
import { loraRoutes } from './http/lora-routes.ts'
import type { Route, Routes } from './http/routes.ts'
import { sendEmpty, sendJson, sendMetrics, sendRefusal } from './http/send-json.ts'
import { tokenRoutes } from './http/token-routes.ts'
import type { NodeProcess } from './node-process.ts'
import type { NodeSettings } from './node-settings.ts'
import { internalFailure, noRoute } from './openai/refusal.ts'
import { versionProfiles } from './profiles/version-profile.ts'
import type { VersionProfile } from './profiles/version-profile.ts'

export interface ServerDependencies {
  readonly process: NodeProcess
  readonly settings: () => NodeSettings
  readonly faults: FaultBook
  readonly clock: Clock
}

/** The data port of one process: vLLM's routes and nothing else. */
export const dataHandler = (
  { apiKeys }: { /** Empty: no key is asked for. */ readonly apiKeys: readonly string[] },
  dependencies: ServerDependencies,
): Handle => {
  const { process, settings, faults, clock } = dependencies
  const always = alwaysThere(dependencies)
  const dev = devRoutes(process)
  const lora = loraRoutes(process.models)
  const routesNow = ({ devMode, runtimeLora }: NodeSettings): Routes => ({
    ...always,
    ...(devMode && dev),
    ...(runtimeLora && lora),
  })
  return async (message, response) => {
    while (faults.active('slow_accept') !== undefined) await new Promise<void>((resolve) => clock.after(20, resolve))
    const current = settings()
    const profile = versionProfiles[current.profile]
    const { pathname: path, searchParams } = new URL(message.url ?? '/', 'http://node')
    const pathname = routePattern(path)
    const guarded = profile.guardedPaths.some((prefix) => pathname.startsWith(prefix))
    if (guarded && !authorised(message, apiKeys)) return sendJson(response, 401, { error: 'Unauthorized' })
    const routes = routesNow(current)
    const methods = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined
    const late = laterRoutes[pathname]
    if (methods === undefined || (late !== undefined && !profile.routes.includes(late)))
      return sendRefusal(response, noRoute(404), profile)
    const route = methods[message.method ?? '']
    if (route === undefined) return sendRefusal(response, noRoute(405), profile)
    if (!unobserved.has(pathname))
      response.once('close', () => process.metrics.exchanged(message.method ?? '', pathname, response.statusCode))
    await route({ message, response, query: searchParams, settings: current, profile })
  }
}

/** Routes the HTTP metrics leave out. */
const unobserved = new Set(['/health', '/load', '/ping', '/version', '/metrics'])

/** Routes that not every release has. */
const laterRoutes: Readonly<Record<string, VersionProfile['routes'][number]>> = {
  ...Object.fromEntries(Object.keys(poolingTasks).map((path) => [path, 'pooling'])),
  '/load': 'load',
  '/invocations': 'invocations',
  '/v1/responses': 'responses',
  [routePattern('/v1/responses/x')]: 'responses',
  [routePattern('/v1/responses/x/cancel')]: 'responses',
  '/v1/messages': 'messages',
  '/v1/messages/count_tokens': 'count_tokens',
  '/v1/chat/completions/batch': 'batch',
  '/v1/chat/completions/render': 'render',
  '/v1/completions/render': 'render',
  '/inference/v1/generate': 'generate',
  '/v2/embed': 'v2_embed',
}

const alwaysThere = ({ process, faults, clock }: ServerDependencies): Routes => {
  const { inference, engine, metrics, models } = process
  const health: Route = ({ response, profile }) => sendEmpty(response, process.isDead ? profile.deadStatus : 200)
  let lastMetrics = ''
  return {
    '/health': { GET: health },
    '/ping': { GET: health, POST: health },
    '/version': { GET: ({ response, profile }) => sendJson(response, 200, { version: profile.version }) },
    '/load': {
      GET: ({ response, settings }) =>
        sendJson(response, 200, { server_load: settings.serverLoadTracking ? inference.inFlight : 0 }),
    },
    '/metrics': {
      GET: ({ response, profile, settings }) => {
        if (faults.active('metrics_500') !== undefined)
          return sendRefusal(response, internalFailure('Metrics cannot be collected.'), profile)
        if (lastMetrics === '' || faults.active('stale_metrics') === undefined)
          lastMetrics = metrics.render({
            engine,
            settings,
            sleepLevel: process.sleepLevel,
            hasAdapters: models.hasAdapters,
            now: clock.nowMs() / 1000,
          })
        const missing = faults.active('metrics_missing_series')?.names ?? []
        const lines = lastMetrics.split('\n').filter((line) => !missing.some((name) => line.includes(name)))
        sendMetrics(response, lines.join('\n'))
      },
    },
    '/v1/models': {
      GET: ({ response, settings }) => sendJson(response, 200, models.list(settings.modelLengthMax)),
    },
    ...answerRoutes({ inference, models, embed: embeddingRoute(models, clock) }),
    ...tokenRoutes(models),
  }
}

const authorised = (message: IncomingMessage, apiKeys: readonly string[]): boolean => {
  if (apiKeys.length === 0 || message.method === 'OPTIONS') return true
  const [scheme, key] = (message.headers.authorization ?? '').split(' ', 2)
  return scheme?.toLowerCase() === 'bearer' && key !== undefined && apiKeys.includes(key)
}
