import { randomBytes } from 'node:crypto'
import { RequestFailure, RequestId, jobIdOf } from '@penstock/contracts'
import type { Accepted, Claim, EndPart, Frame, Go, Gone, IngressId, RunId, WorkerBeat } from '@penstock/contracts'
import type { Logger, Tracing } from '@penstock/runtime'
import { pieceCount, pieceOf } from './core/body-pieces.ts'
import { FormerRuns } from './core/former-runs.ts'
import type { Answer, Intake, RequestDesk } from './core/intake.ts'
import type { LifeLimits } from './core/limits.ts'
import { PartStream } from './core/part-stream.ts'
import { RequestLife } from './core/request-life.ts'
import type { Effect } from './core/request-life.ts'
import { RetryBudget } from './core/retry-budget.ts'
import { WorkerBoots } from './core/worker-boots.ts'
import type { Outside, Trail, WaitingJob } from './outside.ts'
import { outcomeOf, waitingJob } from './owned-request.ts'
import type { Owned } from './owned-request.ts'
import { RequestRecords } from './request-records.ts'

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
  timeLimits(feature: string): { firstByteMs: number; totalMs: number; queueMs: number }
  /** Monotonic clock, ms. */
  now(): number
}

export type ClaimAnswer = { reply: Go; bytes: Uint8Array } | { reply: Gone }

const tickEveryMs = 100
const unknownCheckEveryMs = 1000
/** Jobs younger than this are not asked about: their claim is on its way. */
const unknownCheckAfterMs = 1000

/**
 * Owns every request of this ingress from its envelope to its last byte: carries out what their state machines decide, keeps
 * the bodies, hands one to a worker once per attempt and only after the accepted record is on disk, and writes the end record
 * before the last byte. Everything behind it is soft state.
 */
export class Desk implements RequestDesk, Disposable {
  readonly #options: DeskOptions
  readonly #deps: DeskDependencies
  readonly #owned = new Map<RequestId, Owned>()
  readonly #budgets = new Map<string, RetryBudget>()
  readonly #boots = new WorkerBoots()
  readonly #formerRuns = new FormerRuns({ keepMs: 60_000, tellEveryMs: 200 })
  readonly #records: RequestRecords
  readonly #timers: NodeJS.Timeout[]
  #wasConnected = true

  constructor(options: DeskOptions, dependencies: DeskDependencies) {
    this.#options = options
    this.#deps = dependencies
    this.#records = new RequestRecords({ withinMs: options.recordWithinMs }, dependencies)
    this.#timers = [
      setInterval(() => this.#tick(), tickEveryMs),
      setInterval(() => void this.#findUnknown(), unknownCheckEveryMs),
    ]
  }

  /** Requests under way. */
  get size(): number {
    return this.#owned.size
  }

  async ask(intake: Intake, clientGone: AbortSignal): Promise<Answer> {
    const request = RequestId.parse(randomBytes(16).toString('hex'))
    if (this.#owned.size >= this.#options.requestsMax) throw new RequestFailure('overloaded', { retryAfterMs: 1000 })
    if (!this.#deps.trail.reserve(request)) throw new RequestFailure('audit_unavailable', { retryAfterMs: 1000 })
    const now = this.#deps.now()
    const owned: Owned = {
      request,
      life: new RequestLife(
        {
          request,
          ...this.#deps.timeLimits(intake.feature),
          limits: this.#options.limits,
          budget: this.#budgetOf(intake.feature),
        },
        now,
      ),
      intake,
      parts: new PartStream(),
      span: this.#deps.tracing.open(`request ${intake.feature}`, 'server', intake.trace, {
        'penstock.request_id': request,
        'gitlab.correlation_id': intake.correlationId,
      }),
      startedAt: now,
      firstPartAt: null,
      accepted: null,
      acceptedDurable: null,
      submitting: Promise.resolve(),
    }
    this.#owned.set(request, owned)
    const leave = (): void => {
      const { reason } = clientGone as { reason: unknown }
      this.#apply(owned, owned.life.giveUp(reason instanceof RequestFailure ? reason : new RequestFailure('cancelled')))
    }
    clientGone.addEventListener('abort', leave, { once: true })
    if (clientGone.aborted) leave()
    else this.#apply(owned, owned.life.start(now))
    await owned.parts.first()
    if (owned.accepted === null) throw new RequestFailure('internal')
    return { accepted: owned.accepted, parts: owned.parts }
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
    if ((await owned.acceptedDurable) !== true) return { reply: { kind: 'gone', reason: 'not_durable' } }
    if (!owned.life.holds(claim.run)) return { reply: { kind: 'gone', reason: 'cancelled' } }
    const now = this.#deps.now()
    const { body } = owned.intake
    return {
      reply: {
        kind: 'go',
        said: owned.life.said,
        msToFirstByte: owned.life.msToFirstByte(now),
        msToEnd: owned.life.msToEnd(now),
        bodyBytes: body.byteLength,
        pieces: pieceCount(body),
      },
      bytes: pieceOf(body, 0),
    }
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
          owned.submitting = this.#submit(owned, effect).catch((error: unknown) => this.#giveUp(owned, error))
          break
        case 'emit':
          owned.firstPartAt ??= this.#deps.now()
          owned.parts.push(effect.part)
          break
        case 'finish':
          void this.#finish(owned, effect.end)
          break
        case 'fail':
          void this.#fail(owned, effect.failure)
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
    const { intake } = owned
    const answer = await this.#deps.outside.submit(
      {
        request: owned.request,
        attempt: effect.attempt,
        ingress: this.#options.ingress,
        feature: intake.feature,
        model: intake.model,
        principal: intake.principal,
        tenant: intake.tenant,
        bodyBytes: intake.body.byteLength,
        promptTokensEstimate: intake.promptTokensEstimate,
        outputTokensMax: intake.outputTokensMax,
        affinity: intake.affinity,
        msLeft: effect.msLeft,
        queueMsLeft: effect.queueMsLeft,
        resumed: effect.resumed,
        avoidNodes: effect.avoidNodes,
      },
      owned.span.carrier(),
    )
    if (effect.attempt > 1) {
      owned.span.span.addEvent('attempt', { 'penstock.attempt': effect.attempt })
      this.#deps.log.info(
        { request_id: owned.request, correlation_id: owned.intake.correlationId, attempt: effect.attempt },
        'attempt lost, next one submitted',
      )
    }
    if (answer?.kind === 'accepted') this.#accept(owned, answer)
    const cancelledMeanwhile = owned.life.done && answer?.kind === 'accepted'
    if (cancelledMeanwhile) this.#deps.outside.withdraw(waitingJob(owned, answer, effect.attempt))
    this.#apply(owned, owned.life.submitted(effect.attempt, answer, this.#deps.now()))
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
    owned.acceptedDurable = this.#records.accepted(owned, accepted)
    void owned.acceptedDurable.then((durable) => {
      if (!durable)
        this.#apply(owned, owned.life.giveUp(new RequestFailure('audit_unavailable', { retryAfterMs: 1000 })))
    })
  }

  async #resend(owned: Owned, effect: Extract<Effect, { kind: 'resend' }>): Promise<void> {
    const known = await this.#deps.outside.resend(effect.worker, effect.run, effect.fromSeq)
    if (known === false) this.#apply(owned, owned.life.resendAnswered(effect.run, false, this.#deps.now()))
  }

  async #finish(owned: Owned, end: EndPart): Promise<void> {
    const durable = await this.#records.completed(owned, end)
    this.#close(owned, durable ? undefined : 'audit_unavailable')
    if (durable) owned.parts.push(end)
    else owned.parts.fail(new RequestFailure('audit_unavailable', { retryAfterMs: 1000 }))
  }

  async #fail(owned: Owned, failure: RequestFailure): Promise<void> {
    const { code } = failure
    await this.#records.failed(owned, code)
    this.#close(owned, code)
    owned.parts.fail(failure)
  }

  #close(owned: Owned, error: string | undefined): void {
    this.#owned.delete(owned.request)
    owned.span.end(error)
    this.#deps.log.info(
      {
        request_id: owned.request,
        correlation_id: owned.intake.correlationId,
        trace_id: owned.span.traceId,
        feature: owned.intake.feature,
        pool: owned.accepted?.pool,
        outcome: error ?? 'completed',
        ...outcomeOf(owned, this.#deps.now()),
      },
      'request ended',
    )
  }

  #budgetOf(feature: string): RetryBudget {
    let budget = this.#budgets.get(feature)
    if (budget === undefined) this.#budgets.set(feature, (budget = new RetryBudget({ share: 0.1, burst: 10 })))
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

  /** Asks in bulk for the jobs that should be waiting: one whose worker died between taking and claiming it is lost. */
  async #findUnknown(): Promise<void> {
    const asked = new Map<string, { owned: Owned; job: WaitingJob }>()
    const now = this.#deps.now()
    for (const owned of this.#owned.values()) {
      const { waitingSince } = owned.life
      if (waitingSince === null || now - waitingSince < unknownCheckAfterMs || owned.accepted === null) continue
      const job = waitingJob(owned, owned.accepted, owned.life.attempt)
      asked.set(jobIdOf(job.request, job.attempt), { owned, job })
    }
    if (asked.size === 0 || !this.#deps.outside.connected) return
    const unknown = await this.#deps.outside.findUnknown([...asked.values()].map(({ job }) => job))
    for (const id of unknown ?? []) {
      const found = asked.get(id)
      found?.owned.life.jobUnknown(found.job.attempt, this.#deps.now())
    }
  }
}
