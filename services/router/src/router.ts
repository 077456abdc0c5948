import { setTimeout as delay } from 'node:timers/promises'
import { BusUnavailable } from '@penstock/bus'
import type { Bus, Received, Serving, TraceHeaders } from '@penstock/bus'
import type { ConfigSnapshot, PoolConfig } from '@penstock/config'
import {
  RequestFailure,
  allRouters,
  beatEveryMs,
  findUnknownJobs,
  jobAdded,
  jobIdOf,
  offerJob,
  lanes,
  reportPools,
  reportStatus,
  submitRequest,
  withdrawJob,
  workerBeat,
} from '@penstock/contracts'
import type { Accepted, Envelope, Job, Lane, PoolReport, Refused } from '@penstock/contracts'
import { featureByName } from '@penstock/features'
import type { NewJob, PoolQueue } from '@penstock/queue'
import type { Logger, OpenSpan, Tracing } from '@penstock/runtime'
import { PoolPresence, RefusalShares, SourceStates, expectedWaitMs, jobCost } from '@penstock/scheduling'
import type { PoolLoad } from '@penstock/scheduling'
import { judgePlacing } from './core/judge-placing.ts'
import { LineEstimate } from './core/line-estimate.ts'
import { place } from './core/place.ts'
import { firstAnswer } from './first-answer.ts'
import { PoolReports } from './core/pool-reports.ts'
import type { Placement } from './core/place.ts'
import { PoolMetrics } from './pool-metrics.ts'

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
const countLinesEveryMs = 250
const reportEveryMs = 1000

/** One round of beats, with some time for the slowest. */
const beatRoundMs = beatEveryMs * 1.2
const lookEveryMs = 100
/** More than an ingress waits for one router. */
const stoodStillMs = 600
/** Time to read what came while this process stood still: those who asked have gone elsewhere, and jobs of theirs would only fill the line. */
const backlogMs = 200
/** A store that answers later is not waited for alone: a worker with room is asked too. */
const storeWithinMs = 250
/** Workers that are asked to take a job directly, and how long each may think: within the second that a missing part may cost. */
const offersMax = 2
const offerWithinMs = 200

/** Stateless: what it knows of workers and lines it hears or counts anew; any router answers any question. */
export class Router implements AsyncDisposable {
  readonly #deps: RouterDependencies
  readonly #presence: PoolPresence
  readonly #sources = new SourceStates()
  readonly #lines = new LineEstimate()
  readonly #refusals = new RefusalShares()
  readonly #reports = new PoolReports()
  readonly #timers: NodeJS.Timeout[]
  /** What it shows of the pools and of its decisions. */
  readonly metrics = new PoolMetrics(() => this.#pools)
  #pools: PoolReport[] = []
  #serving: Serving[] = []
  #beatHeardAt = Number.NEGATIVE_INFINITY
  #lookedAt: number
  #staleUntil = Number.NEGATIVE_INFINITY
  #deafUntil = Number.NEGATIVE_INFINITY

  private constructor(dependencies: RouterDependencies) {
    this.#deps = dependencies
    this.#presence = new PoolPresence(dependencies.now())
    this.#lookedAt = dependencies.now()
    dependencies.bus.subscribe(workerBeat, [], ({ message }) => {
      this.#beatHeardAt = dependencies.now()
      this.#presence.heard(message, this.#beatHeardAt)
      this.#sources.heard(message, this.#beatHeardAt)
    })
    this.#timers = [
      setInterval(() => void this.#countLines(), countLinesEveryMs),
      setInterval(() => this.#look(), lookEveryMs),
      setInterval(() => this.#report(), reportEveryMs),
    ]
  }

  /** Listens to one round of beats before it answers, so that a fresh router does not take a living pool for a dead one. */
  static async start(dependencies: RouterDependencies): Promise<Router> {
    const router = new Router(dependencies)
    await delay(beatRoundMs)
    router.#serving = router.#serve()
    return router
  }

  /** Leaves new questions to other routers and answers those it has: call it while the queue can still be asked. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all(this.#serving.map((serving) => serving.stop()))
  }

  #serve(): Serving[] {
    const { bus, instance } = this.#deps
    const shared = { queue: queueGroup }
    const submitted = async ({ message, trace }: Received<Envelope>) =>
      this.#deps.now() < this.#staleUntil ? null : { reply: await this.#submit(message, trace) }
    const submit = bus.serve(submitRequest, [], submitted, shared)
    const submitToAll = bus.serve(submitRequest, [allRouters], submitted)
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
    const pools = bus.serve(reportPools, [], () => ({ reply: { pools: this.#pools } }), shared)
    return [submit, submitToAll, withdraw, findUnknown, status, pools]
  }

  async #submit(envelope: Envelope, trace: TraceHeaders): Promise<Accepted | Refused> {
    const span = this.#deps.tracing.open('route', 'consumer', trace, {
      'penstock.request_id': envelope.request,
      'penstock.attempt': envelope.attempt,
    })
    await this.#untilItHears()
    const placement = this.#place(envelope)
    const decision = placement.kind === 'refused' ? placement : await this.#queue(envelope, placement, span)
    span.end(decision.kind === 'refused' ? decision.code : undefined)
    this.metrics.decided(decision.pool, decision.lane, decision.kind === 'refused' ? decision.code : 'accepted')
    return decision
  }

  /** Notices that this process itself stood still: timers run before anything is read. */
  #look(): void {
    const now = this.#deps.now()
    if (now - this.#lookedAt > stoodStillMs) {
      this.#deafUntil = now + beatRoundMs
      this.#staleUntil = now + backlogMs
    }
    this.#lookedAt = now
  }

  /** Who stood still, or was cut off from the bus, hears one round of beats before it judges anybody by their silence. */
  async #untilItHears(): Promise<void> {
    const now = this.#deps.now()
    if (now - this.#beatHeardAt < 2 * beatEveryMs) return
    const deafForMs = Math.max(this.#deafUntil - now, beatRoundMs - this.#deps.bus.connectedForMs)
    if (deafForMs > 0) await delay(deafForMs)
  }

  /** What the store says; while it is silent or away, a worker that takes the job directly. */
  async #queue(envelope: Envelope, placement: Placement, span: OpenSpan): Promise<Accepted | Refused> {
    const job = newJob(envelope, placement, span)
    const placed = this.#add(job, placement)
    const soon = await Promise.race([placed, delay(storeWithinMs, undefined, { ref: false })])
    if (soon !== undefined && soon !== null) return soon
    const taken = this.#offer(job.pool, job.envelope)
    void this.#leaveLine(job, placed, taken)
    const direct = taken.then((is) => (is ? placement.accepted : null))
    return (await firstAnswer([placed, direct])) ?? { kind: 'refused', code: 'store_unavailable', retryAfterMs: 1000 }
  }

  /** Puts the job in line; null: the store cannot be asked. */
  async #add(job: NewJob, placement: Placement): Promise<Accepted | Refused | null> {
    const { pool, lane } = placement.accepted
    try {
      const placing = await this.#deps.queue.add(job, placement.bounds)
      // Another reason than too much work for the pool says nothing about the next request.
      const overloaded = placing.kind === 'refused' && ['wait', 'jobs', 'bytes'].includes(placing.reason)
      if (!job.resumed && (overloaded || placing.kind !== 'refused'))
        this.#refusals.asked(laneKey(pool, lane), overloaded, this.#deps.now())
      if (placing.kind === 'added') this.#lines.added(laneKey(pool, lane))
      if (placing.kind !== 'refused')
        this.#deps.bus.publish(jobAdded, [pool], { pool, worker: this.#presence.nextTaker(pool, this.#deps.now()) })
      return judgePlacing(placement, placing, (ahead) => expectedWaitMs(placement.load, lane, ahead))
    } catch (error) {
      if (RequestFailure.fromUnknown(error).code === 'internal')
        this.#deps.log.error({ err: error, job: job.jobId }, 'job not queued')
      return null
    }
  }

  /** What a worker has taken directly need not wait in line as well. */
  async #leaveLine(job: NewJob, placed: Promise<Accepted | Refused | null>, taken: Promise<boolean>): Promise<void> {
    try {
      if (!(await taken) || (await placed)?.kind !== 'accepted') return
      await this.#deps.queue.remove(job.pool, job.lane, job.jobId)
    } catch (error) {
      // Whoever takes it finds it claimed.
      this.#deps.log.debug({ err: error, job: job.jobId }, 'job taken directly is still in line')
    }
  }

  /** Past a store that is away: the line is there for order, and a worker with room needs none. */
  async #offer(pool: string, job: Job): Promise<boolean> {
    for (let asked = 0; asked < offersMax; asked++) {
      const worker = this.#presence.nextTaker(pool, this.#deps.now())
      if (worker === null) return false
      try {
        const { message } = await this.#deps.bus.request(offerJob, [worker], job, { tries: 1, tryMs: offerWithinMs })
        if (message.taken) return true
      } catch (error) {
        if (!(error instanceof BusUnavailable)) throw error
      }
    }
    return false
  }

  #place(envelope: Envelope): Placement | Refused {
    const snapshot = this.#deps.snapshot()
    if (snapshot === null) return { kind: 'refused', code: 'store_unavailable', retryAfterMs: 1000 }
    const now = this.#deps.now()
    const feature = featureByName(envelope.feature)
    return place(envelope, {
      document: snapshot.document,
      configVersion: snapshot.version,
      defaultLane: feature?.defaults.lane ?? 'interactive',
      embeds: feature?.embeds ?? false,
      presence: (pool) => this.#presence.presence(pool, now),
      waiting: (pool, lane) => this.#lines.jobsIn(laneKey(pool, lane)),
      refusedShare: (pool, lane) => this.#refusals.of(laneKey(pool, lane), now),
      load: (pool) => this.#loadOf(pool, now),
    })
  }

  #loadOf({ name, lanes: configured }: PoolConfig, now: number): PoolLoad {
    const { slots, freeSlots, fullShare, lanes: rates } = this.#presence.throughput(name, now)
    return {
      slots,
      freeSlots,
      fullShare,
      lanes: configured.map(({ name: lane, minimumShare }) => {
        const rate = rates.find((each) => each.lane === lane)
        return {
          lane,
          minimumShare,
          waiting: this.#lines.jobsIn(laneKey(name, lane)),
          refusedShare: this.#refusals.of(laneKey(name, lane), now),
          runsPerS: rate?.runsPerS ?? 0,
          serviceMs: rate?.serviceMs ?? null,
        }
      }),
    }
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

  #report(): void {
    const snapshot = this.#deps.snapshot()
    if (snapshot === null) return
    const now = this.#deps.now()
    this.#pools = this.#reports.measure({
      document: snapshot.document,
      now,
      wallClock: Date.now(),
      sources: this.#sources.worst(now),
      of: (pool) => ({
        ...this.#presence.throughput(pool.name, now),
        load: this.#loadOf(pool, now),
        lane: (lane) => this.#lines.counted(laneKey(pool.name, lane as Lane)),
      }),
    })
  }

  async #countLines(): Promise<void> {
    const refs = (this.#deps.snapshot()?.document.pools ?? []).flatMap(({ name: pool }) =>
      lanes.map((lane) => ({ pool, lane })),
    )
    try {
      const lengths = await this.#deps.queue.lengths(refs)
      refs.forEach(({ pool, lane }, index) => this.#lines.count(laneKey(pool, lane), lengths[index]!))
    } catch (error) {
      this.#deps.log.debug({ err: error }, 'queue lengths unknown')
    }
  }
}

const newJob = (envelope: Envelope, { accepted }: Placement, span: OpenSpan): NewJob & { envelope: Job } => {
  const { request, attempt, ingress, feature, affinity, avoidNodes, promptTokensEstimate, outputTokensMax } = envelope
  const { pool, lane, model, family, configVersion } = accepted
  const { traceparent } = span.carrier()
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
    traceparent,
  }
  return {
    jobId: jobIdOf(request, attempt),
    pool,
    lane,
    user: envelope.principal,
    tenant: envelope.tenant ?? 'default',
    cost: jobCost(envelope),
    resumed: envelope.resumed,
    replaceKey: envelope.replaceKey,
    askedAt: envelope.askedAt ?? 0,
    envelope: job,
    bytes: envelope.bodyBytes,
    tokens: envelope.promptTokensEstimate + envelope.outputTokensMax,
  }
}

const laneKey = (pool: string, lane: Lane): string => `${pool} ${lane}`
