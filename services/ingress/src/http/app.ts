import { RequestFailure } from '@penstock/contracts'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { anthropicFront } from './anthropic/front.ts'
import { callEnded } from './access-log.ts'
import { deskOrElsewhere, Elsewhere } from '../relay/elsewhere.ts'
import type { Relay } from '../relay/relay.ts'
import { BodyBudget } from './body-budget.ts'
import { BodyRefusal } from './body-refusal.ts'
import { endBrokenConnection, limitConnections } from './connection-limits.ts'
import { drainConnections } from './drain-connections.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import { preflightAnswer } from './cors.ts'
import { Exchange } from './exchange.ts'
import type { Front, Handler, Route } from './front.ts'
import { gitlabFront, openPaths } from './gitlab/front.ts'
import type { GitlabFrontDependencies } from './gitlab/front.ts'
import type { HttpAnswer } from './http-answer.ts'
import type { HttpEvents } from './http-metrics.ts'
import { openAiFront } from './openai/front.ts'
import type { TlsMaterial } from './tls-files.ts'
import { pathOf } from './url-path.ts'

/** Durations in ms. */
export interface HttpAppOptions extends ConnectionLimits {
  readonly bodyBytesMax: number
  /** Bodies of all requests under way; beyond: 429. */
  readonly bodyBudgetBytes: number
  readonly headerBytesMax: number
  readonly headersWithinMs: number
  /** Headers and body together. */
  readonly requestWithinMs: number
  /** Longer than load balancers keep idle connections. */
  readonly keepAliveMs: number
  /** Between the wish to stop and the end of listening. */
  readonly drainNoticeMs: number
  /** Unread bytes at which the client of a stream is cut off. */
  readonly unreadBytesMax: number
  /** Certificate and key; without them plain HTTP is spoken. */
  readonly tls?: TlsMaterial
}

const mebibyte = 1024 ** 2

const httpAppDefaults: HttpAppOptions = {
  bodyBytesMax: 16 * mebibyte,
  bodyBudgetBytes: 512 * mebibyte,
  headerBytesMax: 16 * 1024,
  headersWithinMs: 10_000,
  requestWithinMs: 15_000,
  keepAliveMs: 72_000,
  drainNoticeMs: 0,
  unreadBytesMax: 256 * 1024,
  connectionsMax: 20_000,
  connectionsPerAddressMax: 10_000,
}

export interface HttpAppDependencies extends GitlabFrontDependencies {
  readonly events: HttpEvents
  /** Where features go that the configuration sends to a vendor. */
  readonly relay: Pick<Relay, 'answer'>
  /** Monotonic clock, ms. */
  monotonic(): number
}

/** How often the server looks for requests that take too long to arrive, ms. */
const slowRequestCheckMs = 1000

const openAiPaths = new Set([
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/models',
  '/v1/responses',
])
const anthropicPaths = new Set(['/v1/messages', '/v1/messages/count_tokens'])
const isOpenAiPath = (path: string): boolean =>
  openAiPaths.has(path) || (path.startsWith('/v1/models/') && !openPaths.has(path))

/**
 * The HTTP edge, not yet listening. Every call passes the same steps: correlation id, preflight, authentication, routing, body,
 * handler. Authentication comes before routing: without a credential no path can be told from another.
 */
export const createHttpApp = (options: Partial<HttpAppOptions>, dependencies: HttpAppDependencies): FastifyInstance => {
  const limits = { ...httpAppDefaults, ...options }
  const budget = new BodyBudget(limits.bodyBudgetBytes)
  const exchangeLimits = { budget, bytesMax: limits.bodyBytesMax, unreadBytesMax: limits.unreadBytesMax }
  const fronts = {
    gitlab: gitlabFront({ ...dependencies, desk: deskOrElsewhere(dependencies.desk, () => dependencies.config()) }),
    openAi: openAiFront(dependencies),
    anthropic: anthropicFront(dependencies),
  }
  const frontOf = (path: string): Front => {
    if (isOpenAiPath(path)) return fronts.openAi
    return anthropicPaths.has(path) ? fronts.anthropic : fronts.gitlab
  }
  const exchanges = new WeakMap<FastifyRequest, Exchange>()

  dependencies.events.watchBodyBytes(() => budget.bytes)

  const server = {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersWithinMs,
    connectionsCheckingInterval: slowRequestCheckMs,
  }
  const app = Fastify({
    logger: false,
    exposeHeadRoutes: false,
    requestTimeout: limits.requestWithinMs,
    keepAliveTimeout: limits.keepAliveMs,
    // A replica that drains still answers what reaches it: 503 would count towards GitLab's breaker.
    return503OnClosing: false,
    ...(limits.tls === undefined ? { http: server } : { https: { ...server, ...limits.tls, minVersion: 'TLSv1.2' } }),
    routerOptions: { maxParamLength: limits.headerBytesMax },
    clientErrorHandler: endBrokenConnection,
    rewriteUrl: (request) => pathOf(request.url ?? '/'),
  })
  limitConnections(app.server, limits)
  app.addHook('preClose', () => drainConnections(app.server, limits.drainNoticeMs))

  // Handlers read bodies themselves, within the budget; nothing is parsed for a call that gets no further than routing.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))

  app.addHook('onRequest', async (request, reply) => {
    const exchange = new Exchange(request.raw, reply.raw, request.url, exchangeLimits, dependencies)
    exchanges.set(request, exchange)
    const call = { handler: request.routeOptions.url ?? 'unknown', remoteAddress: request.socket.remoteAddress }
    reply.raw.once('close', () => callEnded(exchange, call, dependencies))
    const preflight = preflightAnswer(exchange.method, exchange.headers)
    if (preflight !== null) return send(reply, exchange, preflight, false)
    const front = frontOf(exchange.path)
    const refusal = await answerOf(
      (thrown) => front.failed(thrown, exchange),
      exchange,
      () => front.authenticate(exchange),
    )
    if (refusal !== null) return send(reply, exchange, refusal)
    const allowed = methodsOf(front, exchange.path)
    if (allowed.length === 0) return send(reply, exchange, front.notFound())
    if (!allowed.includes(exchange.method)) return send(reply, exchange, front.methodNotAllowed(allowed))
    return undefined
  })

  for (const front of Object.values(fronts)) for (const route of front.routes) serve(front, route)
  return app

  function serve(front: Front, route: Route): void {
    const { method, path, handle } = route
    const failed: Front['failed'] = (thrown, exchange) =>
      route.failed?.(thrown, exchange) ?? front.failed(thrown, exchange)
    app.route({
      method,
      url: path,
      handler: async (request, reply) => {
        const exchange = exchanges.get(request)
        if (exchange === undefined) throw new Error('a handler ran ahead of the first hook')
        reply.hijack()
        const answer = await answerOf(failed, exchange, () => handledOrRelayed(exchange, handle))
        if (answer !== null) exchange.send(answer)
      },
    })
  }

  async function handledOrRelayed(exchange: Exchange, handle: Handler): Promise<HttpAnswer | null> {
    try {
      return await handle(exchange)
    } catch (error) {
      if (error instanceof Elsewhere) return dependencies.relay.answer(exchange, error)
      throw error
    }
  }

  /** The answer of a step, or the front's error for what the step threw; null when there is nothing more to send. */
  async function answerOf(
    failed: Front['failed'],
    exchange: Exchange,
    step: () => Promise<HttpAnswer | null> | HttpAnswer | null,
  ): Promise<HttpAnswer | null> {
    try {
      return await step()
    } catch (error) {
      const code = failureCode(error)
      exchange.failure ??= code
      if (code === 'internal')
        dependencies.log.error({ err: error, correlation_id: exchange.correlationId }, 'a call failed by a bug')
      return exchange.answered ? null : failed(error, exchange)
    }
  }
}

/** Refused bodies are no failures of ours; everything unknown is a bug. */
const failureCode = (error: unknown): string =>
  error instanceof BodyRefusal ? 'invalid_request' : RequestFailure.fromUnknown(error).code

const send = (reply: FastifyReply, exchange: Exchange, answer: HttpAnswer, timed = true): FastifyReply => {
  reply.hijack()
  exchange.send(answer, { timed })
  return reply
}

/** The methods that a front answers at a path; none: it knows no such path. */
const methodsOf = (front: Front, path: string): string[] =>
  front.routes
    .filter((route) => (route.path.endsWith('/*') ? path.startsWith(route.path.slice(0, -1)) : route.path === path))
    .map(({ method }) => method)
