import { setTimeout as delay } from 'node:timers/promises'
import type { Bus } from '@penstock/bus'
import {
  beatEveryMs,
  cancelRun,
  ingressBeat,
  jobAdded,
  offerJob,
  reportStatus,
  resendFrames,
  runFrames,
  workerBeat,
} from '@penstock/contracts'
import type { IngressId, Job, Lane, RunId, WorkerId } from '@penstock/contracts'
import type { ConfigSnapshot } from '@penstock/config'
import type { PoolQueue } from '@penstock/queue'
import type { Logger, Tracing } from '@penstock/runtime'
import { ColleagueLoads, PoolPresence, ServiceRates } from '@penstock/scheduling'
import { FrameOutbox } from './frame-outbox.ts'
import { FramePaces } from './frame-paces.ts'
import { NodeDiscovery } from './node-discovery.ts'
import { newRunId } from './new-run-id.ts'
import { NodeProber } from './node-prober.ts'
import { NodeSet } from './node-set.ts'
import { RunRegistry } from './run-registry.ts'
import { Run } from './run.ts'
import { TakeLoop } from './take-loop.ts'

export interface WorkerOptions {
  worker: WorkerId
  instance: string
  /** Pools to serve; null: all. */
  pools: readonly string[] | null
  drainMs: number
  cacheSaltOf: (domain: string) => string
  /** Name servers that find nodes; empty: the machine's. */
  dnsServers: readonly string[]
}

export interface WorkerDependencies {
  bus: Bus
  queue: PoolQueue
  log: Logger
  tracing: Tracing
  readCredential: (reference: string) => string
  now: () => number
}

/** An ingress unheard for this long is gone: nobody reads the answers of its runs. */
const ownerSilenceMs = 5000
/** Two beats and a half: before an ingress takes this worker for dead, so that it does not take the continuations too. */
const unheardMs = 1250
/** A node none of whose decoding streams brings a byte for this long stands still (design §4), ms. */
const frozenMs = 1500
const watchNodesEveryMs = 250
/** A node that the configuration drains may end its runs for this long, ms. */
const nodeDrainMs = 30_000
/** A reader sees text at least this often, ms. */
const frameEveryMs = 20
/** Frames that wait for no beat follow each other to the bus at least this closely, ms. */
const messageEveryMs = 8

/** Takes jobs for its pools, runs them, and answers for its runs: cancel, resend, beats, drain. */
export class Worker implements AsyncDisposable {
  readonly #options: WorkerOptions
  readonly #deps: WorkerDependencies
  readonly #nodes: NodeSet
  readonly #discovery: NodeDiscovery
  readonly #runs: RunRegistry
  readonly #presence: PoolPresence
  readonly #colleagues: ColleagueLoads
  readonly #prober: NodeProber
  readonly #loop: TakeLoop
  readonly #rates = new ServiceRates<Lane>()
  readonly #framePaces: FramePaces
  readonly #outbox: FrameOutbox
  readonly #owners = new Map<IngressId, number>()
  readonly #timers: NodeJS.Timeout[]
  #snapshot: ConfigSnapshot
  #draining = false
  #watchedAt = 0
  #heardItselfAt = 0

  constructor(options: WorkerOptions, dependencies: WorkerDependencies, snapshot: ConfigSnapshot) {
    this.#options = options
    this.#deps = dependencies
    this.#snapshot = snapshot
    const { bus, now, queue, log } = dependencies
    this.#nodes = new NodeSet({
      self: options.worker,
      readCredential: dependencies.readCredential,
      workersOf: (pool) => this.#presence.workersOf(pool, now()),
      othersAt: (node) => this.#colleagues.at(node, now()),
      roomMade: () => this.#loop.placeFreed(),
      now,
    })
    this.#discovery = new NodeDiscovery({ servers: options.dnsServers }, { log, now, onChange: () => this.#gather() })
    this.#prober = new NodeProber({
      nodes: this.#nodes,
      log,
      servedNamesOf: (source) => this.#servedNamesOf(source),
      now,
    })
    this.#runs = new RunRegistry(now)
    this.#outbox = new FrameOutbox(messageEveryMs, (ingress, frames) => {
      try {
        bus.publish(runFrames, [ingress], { frames })
      } catch (error) {
        log.error({ err: error, frames: frames.length }, 'frames cannot be published')
      }
    })
    this.#presence = new PoolPresence(now())
    this.#colleagues = new ColleagueLoads(options.worker)
    this.#loop = new TakeLoop({
      queue,
      log,
      hasRoom: (pool) => this.#hasRoom(pool),
      start: (job, run) => void this.#start(job, run),
    })
    this.#framePaces = new FramePaces({
      everyMs: frameEveryMs,
      ownLagMs: () => bus.lagMs,
      afterBeat: () => this.#outbox.flush(),
    })
    bus.serve(cancelRun, [options.worker], ({ message }) => ({ reply: { known: this.#cancel(message.run) } }))
    bus.serve(resendFrames, [options.worker], ({ message }) => ({
      reply: { known: this.#resend(message.run, message.fromSeq) },
    }))
    bus.subscribe(workerBeat, [], ({ message }) => {
      if (message.worker === options.worker) this.#heardItselfAt = now()
      this.#presence.heard(message, now())
      this.#colleagues.heard(message, now())
    })
    bus.subscribe(ingressBeat, [], ({ message }) => {
      this.#owners.set(message.ingress, now())
      this.#framePaces.heard(message.ingress, message.lagMs ?? 0)
    })
    bus.serve(reportStatus, [], () => ({
      reply: { service: 'worker', instance: options.instance, configVersion: this.#snapshot.version },
    }))
    bus.serve(offerJob, [options.worker], ({ message }) => ({ reply: { taken: this.#offered(message) } }))
    bus.subscribe(jobAdded, ['*'], ({ message }) => this.#jobAdded(message.pool, message.worker))
    this.#watchedAt = now()
    this.#heardItselfAt = now()
    this.configure(snapshot)
    this.#timers = [
      setInterval(() => this.#beat(), beatEveryMs),
      setInterval(() => this.#dropOrphans(), 1000),
      setInterval(() => this.#watchNodes(), watchNodesEveryMs),
    ]
  }

  /** Takes up a configuration, and tells the others at once what it serves now. */
  configure(snapshot: ConfigSnapshot): void {
    this.#snapshot = snapshot
    this.#discovery.configure(snapshot.document)
    this.#gather()
    const served = this.#pools()
    this.#loop.serve(snapshot.document.pools.filter(({ name }) => served.includes(name)))
    this.#beat()
  }

  #gather(): void {
    this.#nodes.configure(this.#snapshot.document, this.#discovery.addresses)
  }

  /** Takes no more, lets runs end for a while, hands the rest over to other workers, then lets everything go. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#draining = true
    this.#loop.stop()
    this.#beat()
    const until = this.#deps.now() + this.#options.drainMs
    while (this.#runs.size > 0 && this.#deps.now() < until) await delay(20)
    for (const run of this.#runs.active) run.handOver()
    this.#outbox.flush()
    if (this.#deps.bus.connected) await this.#deps.bus.flush()
    for (const timer of this.#timers) clearInterval(timer)
    this.#prober[Symbol.dispose]()
    this.#discovery[Symbol.dispose]()
    await this.#nodes.close()
  }

  async #start(job: Job, id: RunId): Promise<void> {
    const { worker } = this.#options
    const place = this.#nodes.reserve(job)
    if (place === null) {
      this.#deps.log.warn(
        { request_id: job.request, pool: job.pool },
        'job of a pool without nodes: dropped, its owner asks again',
      )
      return
    }
    const run = new Run(job, id, place, {
      ...this.#deps,
      nodes: this.#nodes,
      worker,
      cacheSaltOf: this.#options.cacheSaltOf,
      framePaces: this.#framePaces,
      outbox: this.#outbox,
      document: () => this.#snapshot.document,
    })
    this.#runs.start(run)
    const startedAt = this.#deps.now()
    this.#rates.started(job.pool, job.lane, startedAt)
    const granted = await run.execute()
    const now = this.#deps.now()
    if (granted) this.#rates.ended(job.pool, job.lane, now - startedAt, now)
    this.#nodes.release(place)
    this.#runs.end(run, granted)
    this.#loop.placeFreed()
  }

  /** A nudge for another worker is left to it; one for us that we have no room for goes on to everybody. */
  #jobAdded(pool: string, asked: WorkerId | null): void {
    const { worker } = this.#options
    if (asked === worker && !this.#hasRoom(pool)) this.#deps.bus.publish(jobAdded, [pool], { pool, worker: null })
    else if (asked === null || asked === worker) this.#loop.nudge(pool)
  }

  /** None while its own beats do not come back: cut off from the bus, it would take jobs that it can neither claim nor answer. */
  #room(pool: string): number {
    return this.#isUnheard ? 0 : this.#nodes.room(pool)
  }

  #hasRoom(pool: string): boolean {
    return !this.#isUnheard && this.#nodes.hasRoom(pool)
  }

  get #isUnheard(): boolean {
    return this.#deps.now() - this.#heardItselfAt > unheardMs
  }

  /** A job that comes past the queue is taken when there is room for it now. */
  #offered(job: Job): boolean {
    if (this.#draining || !this.#hasRoom(job.pool)) return false
    void this.#start(job, newRunId())
    return true
  }

  #cancel(id: RunId): boolean {
    const run = this.#runs.findActive(id)
    run?.cancel()
    return run !== null
  }

  #resend(id: RunId, fromSeq: number): boolean {
    const run = this.#runs.find(id)
    run?.frames.resend(fromSeq)
    return run !== null
  }

  #pools(): string[] {
    const { pools } = this.#options
    return pools === null ? this.#nodes.pools : this.#nodes.pools.filter((pool) => pools.includes(pool))
  }

  #beat(): void {
    if (!this.#deps.bus.connected) return
    const { worker, instance } = this.#options
    const sources = this.#discovery.states()
    this.#deps.bus.publish(workerBeat, [], {
      worker,
      instance,
      draining: this.#draining,
      configVersion: this.#snapshot.version,
      pools: this.#pools().map((pool) => ({
        pool,
        room: this.#room(pool),
        nodes: this.#nodes.states(pool),
        rates: this.#rates.of(pool, this.#deps.now()),
      })),
      ...(sources.length === 0 ? {} : { sources }),
      silentRuns: this.#runs.silentFor(beatEveryMs),
    })
  }

  /** Runs of nodes that stand still, or were drained for long enough, go on elsewhere. */
  #watchNodes(): void {
    const now = this.#deps.now()
    const lateMs = now - this.#watchedAt - watchNodesEveryMs
    this.#watchedAt = now
    // A worker that stood still itself heard nobody: what waits in its sockets is read first.
    if (lateMs > frozenMs / 2) return
    const frozen = new Set([...this.#nodes.all].filter(({ load }) => (load.silentForMs(now) ?? 0) > frozenMs))
    for (const run of this.#runs.active) {
      const { node } = run.place
      // What waits for its first token there would wait in vain too.
      if (frozen.has(node)) run.nodeFroze()
      if (node.drainingSince !== null && now - node.drainingSince > nodeDrainMs) run.handOver()
    }
  }

  #servedNamesOf(source: string): string[] {
    const { pools, models } = this.#snapshot.document
    const of = pools.filter(({ nodes }) => nodes.includes(source)).map(({ name }) => name)
    // An adapter need not be everywhere.
    return models.flatMap(({ pool, servedName, lora }) => (of.includes(pool) && lora === undefined ? servedName : []))
  }

  /** Stops runs whose ingress is gone. While the bus is away nobody's silence counts. */
  #dropOrphans(): void {
    const now = this.#deps.now()
    if (this.#deps.bus.connectedForMs < ownerSilenceMs) return
    for (const run of this.#runs.active) {
      const heardAt = this.#owners.get(run.job.ingress)
      if (heardAt === undefined) this.#owners.set(run.job.ingress, now)
      else if (now - heardAt > ownerSilenceMs) run.cancel()
    }
    for (const [ingress, heardAt] of this.#owners) {
      if (now - heardAt <= 60_000) continue
      this.#owners.delete(ingress)
      this.#framePaces.forget(ingress)
    }
  }
}
