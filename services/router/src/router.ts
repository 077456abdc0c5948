import { setTimeout as delay } from 'node:timers/promises'
import type { Bus, Serving, TraceHeaders } from '@penstock/bus'
import type { ConfigSnapshot } from '@penstock/config'
import {
  RequestFailure,
  beatEveryMs,
  findUnknownJobs,
  jobAdded,
  jobIdOf,
  lanes,
  reportStatus,
  submitRequest,
  withdrawJob,
  workerBeat,
} from '@penstock/contracts'
import type { Accepted, Envelope, Job, Lane, Refused } from '@penstock/contracts'
import { featureByName } from '@penstock/features'
import type { PoolQueue } from '@penstock/queue'
import type { Logger, Tracing } from '@penstock/runtime'
import { PoolPresence, rankOf } from '@penstock/scheduling'
import { DepthEstimate } from './core/depth-estimate.ts'
import { place } from './core/place.ts'

export interface RouterDependencies {
  bus: Bus
  queue: PoolQueue
  log: Logger
  tracing: Tracing
  instance: string
  now: () => number
  /** Current configuration; null: none yet. */
  snapshot: () => ConfigSnapshot | null
}

/** All routers share the work: one answers each question. */
const queueGroup = 'router'
const countDepthsEveryMs = 250

/** Stateless: what it knows of workers and depths it hears or counts anew; any router answers any question. */
export class Router implements AsyncDisposable {
  readonly #deps: RouterDependencies
  readonly #presence: PoolPresence
  readonly #depths = new DepthEstimate()
  readonly #timer: NodeJS.Timeout
  #serving: Serving[] = []

  private constructor(dependencies: RouterDependencies) {
    this.#deps = dependencies
    this.#presence = new PoolPresence(dependencies.now())
    dependencies.bus.subscribe(workerBeat, [], ({ message }) => this.#presence.heard(message, dependencies.now()))
    this.#timer = setInterval(() => void this.#countDepths(), countDepthsEveryMs)
  }

  /** Listens to one round of beats before it answers, so that a fresh router does not take a living pool for a dead one. */
  static async start(dependencies: RouterDependencies): Promise<Router> {
    const router = new Router(dependencies)
    await delay(beatEveryMs * 1.2)
    router.#serving = router.#serve()
    return router
  }

  /** Leaves new questions to other routers and answers those it has: call it while the queue can still be asked. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#serving.map((serving) => serving.stop()))
  }

  #serve(): Serving[] {
    const { bus, instance } = this.#deps
    const shared = { queue: queueGroup }
    const submit = bus.serve(
      submitRequest,
      [],
      async ({ message, trace }) => ({ reply: await this.#submit(message, trace) }),
      shared,
    )
    const withdraw = bus.serve(
      withdrawJob,
      [],
      async ({ message }) => ({
        reply: {
          removed: await this.#deps.queue.remove(message.pool, message.lane, jobIdOf(message.request, message.attempt)),
        },
      }),
      shared,
    )
    const findUnknown = bus.serve(
      findUnknownJobs,
      [],
      async ({ message }) => {
        const byLane = Object.values(Object.groupBy(message.jobs, ({ pool, lane }) => `${pool} ${lane}`))
        const found = await Promise.all(byLane.map((jobs) => this.#unknown(jobs ?? [])))
        return { reply: { unknown: found.flat() } }
      },
      shared,
    )
    const status = bus.serve(reportStatus, [], () => ({
      reply: { service: 'router', instance, configVersion: this.#deps.snapshot()?.version ?? 0 },
    }))
    return [submit, withdraw, findUnknown, status]
  }

  async #submit(envelope: Envelope, trace: TraceHeaders): Promise<Accepted | Refused> {
    const span = this.#deps.tracing.open('route', 'consumer', trace, {
      'penstock.request_id': envelope.request,
      'penstock.attempt': envelope.attempt,
    })
    const decision = this.#place(envelope)
    if (decision.kind === 'refused') {
      span.end(decision.code)
      return decision
    }
    const { pool, lane, model, family, configVersion } = decision
    const { request, attempt, ingress, feature, affinity, avoidNodes, promptTokensEstimate, outputTokensMax } = envelope
    const job: Job = {
      request,
      attempt,
      ingress,
      feature,
      pool,
      lane,
      model,
      family,
      configVersion,
      promptTokensEstimate,
      outputTokensMax,
      affinity,
      avoidNodes,
      traceparent: span.carrier().traceparent,
    }
    try {
      await this.#deps.queue.addOnce({
        jobId: jobIdOf(request, attempt),
        pool,
        lane,
        priority: rankOf(envelope),
        envelope: job,
        bytes: envelope.bodyBytes,
      })
    } catch (error) {
      const failure = RequestFailure.fromUnknown(error)
      if (failure.code === 'internal') this.#deps.log.error({ err: error, request_id: request }, 'job not queued')
      span.end('store_unavailable')
      return { kind: 'refused', code: 'store_unavailable', retryAfterMs: 1000 }
    }
    this.#depths.added(laneKey(pool, lane))
    this.#deps.bus.publish(jobAdded, [pool], { pool, worker: this.#presence.nextTaker(pool, this.#deps.now()) })
    span.end()
    return decision
  }

  #place(envelope: Envelope): Accepted | Refused {
    const snapshot = this.#deps.snapshot()
    if (snapshot === null) return { kind: 'refused', code: 'store_unavailable', retryAfterMs: 1000 }
    const now = this.#deps.now()
    return place(envelope, {
      document: snapshot.document,
      configVersion: snapshot.version,
      defaultLane: featureByName(envelope.feature)?.defaults.lane ?? 'interactive',
      presence: (pool) => this.#presence.presence(pool, now),
      depth: (pool, lane) => this.#depths.of(laneKey(pool, lane)),
    })
  }

  async #unknown(
    jobs: { request: Envelope['request']; attempt: number; pool: string; lane: Lane }[],
  ): Promise<string[]> {
    const first = jobs[0]
    if (first === undefined) return []
    return this.#deps.queue.unknown(
      first.pool,
      first.lane,
      jobs.map(({ request, attempt }) => jobIdOf(request, attempt)),
    )
  }

  async #countDepths(): Promise<void> {
    try {
      for (const pool of this.#deps.snapshot()?.document.pools ?? []) {
        for (const lane of lanes)
          this.#depths.counted(laneKey(pool.name, lane), await this.#deps.queue.depth(pool.name, lane))
      }
    } catch (error) {
      this.#deps.log.debug({ err: error }, 'queue depths unknown')
    }
  }
}

const laneKey = (pool: string, lane: Lane): string => `${pool} ${lane}`
