import { randomBytes } from 'node:crypto'
import { RequestFailure, RequestId } from '@penstock/contracts'
import type { Accepted, Claim, Frame, Go, Gone, IngressId, LiveRequest, RunId, WorkerBeat } from '@penstock/contracts'
import type { Logger, Tracing } from '@penstock/runtime'
import { ClientEnds } from './client-ends.ts'
import { pieceOf } from './core/body-pieces.ts'
import { FormerRuns } from './core/former-runs.ts'
import type { Answer, AnswerPart, Intake, RequestDesk } from './core/intake.ts'
import type { LifeLimits } from './core/limits.ts'
import { RequestLife } from './core/request-life.ts'
import type { Effect } from './core/life-effects.ts'
import { RetryBudget } from './core/retry-budget.ts'
import { WorkerBoots } from './core/worker-boots.ts'
import type { Outside, Trail } from './outside.ts'
import { envelopeOf, goOf, liveRequest, newClient, newOwned, waitingJob } from './owned-request.ts'
import type { Client, Owned } from './owned-request.ts'
import { findLostJobs } from './find-lost-jobs.ts'
import { RequestRecords } from './request-records.ts'
import type { TimeLimits } from './time-limits.ts'

export interface DeskOptions {
  ingress: IngressId
  limits: LifeLimits
  /** Requests owned at once; beyond, 429. */
  requestsMax: number
  /** An end record that is not durable within this time cuts the connection, ms. */
  recordWithinMs: number
}

export interface DeskDependencies {
  outside: Outside
  trail: Trail
  log: Logger
  tracing: Tracing
  /** Time limits of a feature under the current configuration. */
  timeLimits(intake: Pick<Intake, 'feature' | 'whole'>): TimeLimits
  /** Monotonic clock, ms. */
  now(): number
  /** Epoch ms. */
  wallClock(): number
}

export type ClaimAnswer = { reply: Go; bytes: Uint8Array } | { reply: Gone }

const tickEveryMs = 100
const unknownCheckEveryMs = 1000
/** An equal call joins a generation that is younger than this: later ones would get too little of its time. */
const joinWithinMs = 2000
/** By then the newer request is in the queue, in the place of the one it made worthless. */
const withdrawAfterMs = 500
/** Of a pool's requests (design §3). Saved up are as many as a node has at once by default: its death must cost none of them. */
const retries = { share: 0.1, burst: 64 }

/**
 * Owns every request of this ingress from its envelope to its last byte: carries out what their state machines decide, keeps
 * the bodies, hands one to a worker once per attempt and only after the accepted record is on disk, and writes the end record
 * before the last byte. Everything behind it is soft state.
 */
export class Desk implements RequestDesk, Disposable {
  readonly #options: DeskOptions
  readonly #deps: DeskDependencies
  readonly #owned = new Map<RequestId, Owned>()
  readonly #clients = new Map<Client, Owned>()
  /** By flight key: what an equal call may join. */
  readonly #flights = new Map<string, Owned>()
  /** By replace key: the call that a newer one makes worthless. */
  readonly #newest = new Map<string, Client>()
  readonly #budgets = new Map<string, RetryBudget>()
  readonly #boots = new WorkerBoots()
  readonly #formerRuns = new FormerRuns({ keepMs: 60_000, tellEveryMs: 200 })
  readonly #records: RequestRecords
  readonly #ends: ClientEnds
  readonly #timers: NodeJS.Timeout[]
  #wasConnected = true

  constructor(options: DeskOptions, dependencies: DeskDependencies) {
    this.#options = options
    this.#deps = dependencies
    this.#records = new RequestRecords({ withinMs: options.recordWithinMs }, dependencies)
    const closed = (owned: Owned, client: Client): void => this.#closed(owned, client)
    this.#ends = new ClientEnds({ ...dependencies, records: this.#records, closed })
    this.#timers = [
      setInterval(() => this.#tick(), tickEveryMs),
      setInterval(() => void findLostJobs(this.#owned.values(), dependencies), unknownCheckEveryMs),
    ]
  }

  /** Requests under way. */
  get size(): number {
    return this.#clients.size
  }

  async ask(intake: Intake, clientGone: AbortSignal): Promise<Answer> {
    const request = RequestId.parse(randomBytes(16).toString('hex'))
    if (this.#clients.size >= this.#options.requestsMax) throw new RequestFailure('overloaded', { retryAfterMs: 1000 })
    if (!this.#deps.trail.reserve(request)) throw new RequestFailure('audit_unavailable', { retryAfterMs: 1000 })
    const now = this.#deps.now()
    const span = this.#deps.tracing.open(`request ${intake.feature}`, 'server', intake.trace, {
      'penstock.request_id': request,
      'gitlab.correlation_id': intake.correlationId,
    })
    const client = newClient({ request, intake, span, startedAt: now, askedAt: this.#deps.wallClock() })
    const running = this.#joinable(intake, now)
    const owned = running ?? this.#own(client, now)
    owned.clients.add(client)
    this.#clients.set(client, owned)
    clientGone.addEventListener('abort', () => this.#leave(client, failureOf(clientGone)), { once: true })
    if (clientGone.aborted) this.#leave(client, failureOf(clientGone))
    else if (running === null) this.#apply(owned, owned.life.start(now))
    else this.#join(owned, client, now)
    this.#replaceOlder(client)
    await client.parts.first()
    if (owned.accepted === null) throw new RequestFailure('internal')
    return { accepted: owned.accepted, parts: client.parts }
  }

  /** Another ingress has a request that makes older ones with its key worthless. */
  replacing(replaceKey: string, by: RequestId, askedAt: number): void {
    const client = this.#newest.get(replaceKey)
    // Of two that came at the same instant the same one is the newer for both ingresses.
    if (client !== undefined && (askedAt > client.askedAt || (askedAt === client.askedAt && by > client.request)))
      this.#supersede(client, by)
  }

  /** Ends requests by an operator's order, by request id or correlation id. Returns how many. */
  cancel(id: string, by: string): number {
    const meant = [...this.#clients.keys()].filter(
      ({ request, intake }) => request === id || intake.correlationId === id,
    )
    for (const client of meant) {
      client.endedBy = `operator ${by}`
      this.#leave(client, new RequestFailure('cancelled'))
    }
    return meant.length
  }

  /** The oldest requests under way, for people. */
  list(max: number): LiveRequest[] {
    const now = this.#deps.now()
    return [...this.#owned.values()].slice(0, max).map((owned) => liveRequest(owned, now))
  }

  /** A worker's claim: the grant with the first piece of the body, once per attempt and only when its record is durable. */
  async claim(claim: Claim): Promise<ClaimAnswer> {
    const owned = this.#owned.get(claim.request)
    if (owned === undefined) return { reply: { kind: 'gone', reason: 'unknown' } }
    let decision = owned.life.claim(claim, this.#deps.now())
    if (decision.kind === 'wait') {
      await owned.submitting
      decision = owned.life.claim(claim, this.#deps.now())
    }
    if (decision.kind === 'wait') return { reply: { kind: 'gone', reason: 'stale_attempt' } }
    if (decision.kind === 'gone') return { reply: decision }
    owned.story.granted(claim, this.#deps.now())
    if ((await owned.acceptedDurable) !== true) return { reply: { kind: 'gone', reason: 'not_durable' } }
    if (!owned.life.holds(claim.run)) return { reply: { kind: 'gone', reason: 'cancelled' } }
    return { reply: goOf(owned, this.#deps.now()), bytes: pieceOf(owned.intake.body, 0) }
  }

  /** A further piece of a body that was granted to this run; null: it is not. */
  piece(request: RequestId, run: RunId, index: number): Uint8Array | null {
    const owned = this.#owned.get(request)
    return owned?.life.holds(run) === true ? pieceOf(owned.intake.body, index) : null
  }

  frame(frame: Frame): void {
    const owned = this.#owned.get(frame.request)
    const now = this.#deps.now()
    if (owned?.life.holds(frame.run) === true) {
      this.#apply(owned, owned.life.frame(frame, now))
      return
    }
    const worker = this.#formerRuns.heard(frame.run, now)
    if (worker !== null) this.#deps.outside.cancelRun(worker, frame.run, 'fenced')
  }

  workerBeat(beat: WorkerBeat): void {
    const now = this.#deps.now()
    this.#boots.heard(beat)
    for (const owned of this.#owned.values()) {
      const { worker } = owned.life
      if (worker === null) continue
      if (worker === beat.worker) this.#apply(owned, owned.life.workerBeat(beat, now))
      else if (this.#boots.isReplaced(worker)) this.#apply(owned, owned.life.workerReplaced(now))
    }
  }

  /** Requests still open end as failures; their clients' connections are cut. */
  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer)
    for (const owned of this.#owned.values()) this.#apply(owned, owned.life.giveUp(new RequestFailure('cancelled')))
  }

  #apply(owned: Owned, effects: Effect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'submit':
          if (effect.because !== null) owned.story.ended(effect.attempt - 1, effect.because)
          owned.submitting = this.#submit(owned, effect).catch((error: unknown) => this.#giveUp(owned, error))
          break
        case 'emit':
          owned.said?.push(effect.part)
          for (const client of owned.clients) this.#hand(client, effect.part)
          break
        case 'finish':
          this.#land(owned)
          for (const client of owned.clients) void this.#ends.finish(owned, client, effect.end)
          break
        case 'fail':
          this.#land(owned)
          for (const client of owned.clients) void this.#ends.fail(owned, client, effect.failure)
          break
        case 'withdraw':
          if (owned.accepted !== null) this.#deps.outside.withdraw(waitingJob(owned, owned.accepted, effect.attempt))
          break
        case 'cancel-run':
          this.#formerRuns.add(effect.run, effect.worker, this.#deps.now())
          this.#deps.outside.cancelRun(effect.worker, effect.run, effect.reason)
          break
        case 'resend':
          void this.#resend(owned, effect)
          break
      }
    }
  }

  async #submit(owned: Owned, effect: Extract<Effect, { kind: 'submit' }>): Promise<void> {
    const envelope = envelopeOf(owned, effect, this.#options.ingress)
    const answer = await this.#deps.outside.submit(envelope, owned.span.carrier())
    if (effect.attempt > 1) {
      owned.span.span.addEvent('attempt', { 'penstock.attempt': effect.attempt })
      this.#deps.log.info(
        { request_id: owned.request, correlation_id: owned.intake.correlationId, attempt: effect.attempt },
        'attempt lost, next one submitted',
      )
    }
    if (answer?.kind === 'accepted') {
      owned.story.queued(effect.attempt, answer, this.#deps.now())
      this.#accept(owned, answer)
    } else owned.refused = answer
    const cancelledMeanwhile = owned.life.done && answer?.kind === 'accepted'
    if (cancelledMeanwhile) this.#deps.outside.withdraw(waitingJob(owned, answer, effect.attempt))
    const { mayAnswerLate } = this.#deps.outside
    this.#apply(owned, owned.life.submitted(effect.attempt, answer, this.#deps.now(), mayAnswerLate))
  }

  /** A bug ends its own request, at once. */
  #giveUp(owned: Owned, error: unknown): void {
    this.#deps.log.error({ err: error, request_id: owned.request }, 'attempt cannot be submitted')
    this.#apply(owned, owned.life.giveUp(RequestFailure.fromUnknown(error)))
  }

  /** The first acceptance is recorded; no body leaves before that record is durable. */
  #accept(owned: Owned, accepted: Accepted): void {
    owned.accepted = accepted
    if (owned.acceptedDurable !== null || owned.life.done) return
    const records = [...owned.clients].map((client) => this.#recordAccepted(owned, client, accepted))
    owned.acceptedDurable = Promise.all(records).then((durable) => durable.includes(true))
  }

  #recordAccepted(owned: Owned, client: Client, accepted: Accepted): Promise<boolean> {
    client.acceptedDurable = this.#records.accepted(owned, client, accepted)
    void client.acceptedDurable.then((durable) => {
      if (!durable) this.#leave(client, new RequestFailure('audit_unavailable', { retryAfterMs: 1000 }))
    })
    return client.acceptedDurable
  }

  async #resend(owned: Owned, effect: Extract<Effect, { kind: 'resend' }>): Promise<void> {
    const known = await this.#deps.outside.resend(effect.worker, effect.run, effect.fromSeq)
    if (known === false) this.#apply(owned, owned.life.resendAnswered(effect.run, false, this.#deps.now()))
  }

  /** A generation of its own for a call. */
  #own(client: Client, now: number): Owned {
    const { request, intake } = client
    const { reasoning, flightKey } = intake
    // Others may read along as it comes.
    const whole = intake.whole && flightKey === null
    const limits = { ...this.#deps.timeLimits(intake), limits: this.#options.limits }
    const budgetOf = (pool: string): RetryBudget => this.#budgetOf(pool)
    const life = new RequestLife({ request, reasoning, whole, ...limits, budgetOf }, now)
    const owned = newOwned(client, life)
    this.#owned.set(request, owned)
    if (flightKey !== null) this.#flights.set(flightKey, owned)
    return owned
  }

  /** An equal question under way whose answer is in time for a call that comes now. */
  #joinable({ flightKey }: Intake, now: number): Owned | null {
    const flight = flightKey === null ? undefined : this.#flights.get(flightKey)
    return flight !== undefined && now - flight.startedAt < joinWithinMs ? flight : null
  }

  #join(owned: Owned, client: Client, now: number): void {
    client.span.span.addEvent('joined', { 'penstock.generation': owned.request })
    for (const part of owned.said ?? []) this.#hand(client, part, now)
    if (owned.accepted !== null && owned.acceptedDurable !== null)
      void this.#recordAccepted(owned, client, owned.accepted)
  }

  #hand(client: Client, part: AnswerPart, now = this.#deps.now()): void {
    client.firstPartAt ??= now
    client.parts.push(part)
  }

  /** Nobody joins it any more. */
  #land(owned: Owned): void {
    const { flightKey } = owned.intake
    if (flightKey !== null && this.#flights.get(flightKey) === owned) this.#flights.delete(flightKey)
  }

  /** A newer call of the same user about the same file: the older one is worthless, unless both wait for one generation. */
  #replaceOlder(client: Client): void {
    const { replaceKey } = client.intake
    if (replaceKey === null || !this.#clients.has(client)) return
    const older = this.#newest.get(replaceKey)
    this.#newest.set(replaceKey, client)
    if (older !== undefined && this.#clients.get(older) !== this.#clients.get(client))
      this.#supersede(older, client.request)
    this.#deps.outside.announceReplacing(client.request, replaceKey, client.askedAt)
  }

  /** Ends the call, and those of the same user and file that wait for the same generation. */
  #supersede(older: Client, by: RequestId): void {
    const owned = this.#clients.get(older)
    for (const client of owned?.clients ?? []) {
      if (owned === undefined || client.intake.replaceKey !== older.intake.replaceKey || this.#remove(client) === null)
        continue
      client.endedBy = `request ${by}`
      if (owned.clients.size === 0) {
        const { attempt } = owned.life
        this.#apply(owned, owned.life.supersede())
        this.#drop(owned)
        // The newer one takes its place in the queue; this is for when that did not come so far.
        setTimeout(() => {
          if (owned.accepted !== null) this.#deps.outside.withdraw(waitingJob(owned, owned.accepted, attempt))
        }, withdrawAfterMs).unref()
      }
      void this.#ends.finishEmpty(owned, client)
    }
  }

  /** A call that nobody waits for any more. The generation goes on for others that wait for it. */
  #leave(client: Client, failure: RequestFailure): void {
    const owned = this.#remove(client)
    if (owned === null) return
    if (owned.clients.size === 0) {
      this.#apply(owned, owned.life.giveUp(failure))
      this.#drop(owned)
    }
    void this.#ends.fail(owned, client, failure)
  }

  /** Takes a call away from its generation; null when its end is under way already. */
  #remove(client: Client): Owned | null {
    const owned = this.#clients.get(client)
    return owned?.life.done === false && owned.clients.delete(client) ? owned : null
  }

  #drop(owned: Owned): void {
    this.#land(owned)
    this.#owned.delete(owned.request)
  }

  #closed(owned: Owned, client: Client): void {
    const { replaceKey } = client.intake
    this.#clients.delete(client)
    owned.clients.delete(client)
    if (owned.life.done && owned.clients.size === 0) this.#drop(owned)
    if (replaceKey !== null && this.#newest.get(replaceKey) === client) this.#newest.delete(replaceKey)
  }

  #budgetOf(pool: string): RetryBudget {
    let budget = this.#budgets.get(pool)
    if (budget === undefined) this.#budgets.set(pool, (budget = new RetryBudget(retries)))
    return budget
  }

  #tick(): void {
    const { connected } = this.#deps.outside
    const now = this.#deps.now()
    const back = connected && !this.#wasConnected
    this.#wasConnected = connected
    for (const owned of this.#owned.values()) {
      if (back) this.#apply(owned, owned.life.busBack(now))
      this.#apply(owned, owned.life.tick(now, connected))
    }
    this.#formerRuns.prune(now)
  }
}

const failureOf = ({ reason }: AbortSignal): RequestFailure =>
  reason instanceof RequestFailure ? reason : new RequestFailure('cancelled')
