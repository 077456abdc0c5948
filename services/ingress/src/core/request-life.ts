import { RequestFailure } from '@penstock/contracts'
import type {
  Accepted,
  Claim,
  FailedPart,
  Frame,
  Part,
  Refused,
  RequestId,
  RunId,
  Said,
  WorkerBeat,
  WorkerId,
} from '@penstock/contracts'
import { Delivered } from './delivered.ts'
import type { AnswerPart, ReasoningView } from './intake.ts'
import type { ClaimDecision, Effect, EndReason } from './life-effects.ts'
import type { LifeLimits } from './limits.ts'
import type { RetryBudget } from './retry-budget.ts'

interface Grant {
  run: RunId
  worker: WorkerId
  nextSeq: number
  heardAt: number
  frameAt: number
  gapAt: number | null
  askedAt: number
}

type State =
  | { name: 'submitting'; resubmitAt: number | null }
  | { name: 'waiting'; unknownAt: number | null; since: number }
  | { name: 'granted'; grant: Grant }
  | { name: 'done' }

export interface LifeOptions {
  request: RequestId
  firstByteMs: number
  totalMs: number
  /** Longest wait for the start of the first run. */
  queueMs: number
  reasoning: ReasoningView
  /** The client gets the answer in one piece. */
  whole: boolean
  limits: LifeLimits
  /** What a pool's requests share for attempts that fail at its nodes. */
  budgetOf: (pool: string) => RetryBudget
}

/**
 * One request from submission to its end: the state machine of its owner. Instants are one monotonic clock, in ms.
 *
 *   submitting --accepted--> waiting --claim--> granted --end--> done
 *   submitting --refused (first attempt)--> done; (later attempts, or a part of ours is away) wait, submit again
 *   waiting    --queue does not know the job--> submitting (attempt + 1)
 *   granted    --worker silent, gap, failure, handover--> submitting (attempt + 1, with what was said)
 *   any        --client gone, deadline, limits--> done
 */
export class RequestLife {
  readonly request: RequestId
  readonly #limits: LifeLimits
  readonly #budgetOf: (pool: string) => RetryBudget
  readonly #firstByteAt: number
  #queueUntil: number
  readonly #offerUntil: number
  readonly #endAt: number
  readonly #delivered: Delivered
  readonly #avoidNodes = new Set<string>()
  readonly #brokenNodes = new Set<string>()
  #state: State = { name: 'submitting', resubmitAt: null }
  #attempt = 1
  /** Of the pool that took it; null: none has. */
  #budget: RetryBudget | null = null
  #emitted = false
  #nodeFailures = 0
  /** The present attempt has brought something new. */
  #progressed = false
  #ownLosses = 0

  constructor(options: LifeOptions, now: number) {
    this.request = options.request
    this.#limits = options.limits
    this.#budgetOf = options.budgetOf
    this.#delivered = new Delivered(options)
    this.#firstByteAt = now + options.firstByteMs
    this.#queueUntil = now + Math.min(options.queueMs, options.firstByteMs)
    this.#offerUntil = now + options.limits.offerMs
    this.#endAt = now + options.totalMs
  }

  get attempt(): number {
    return this.#attempt
  }

  get done(): boolean {
    return this.#state.name === 'done'
  }

  get stateName(): State['name'] {
    return this.#state.name
  }

  /** Text delivered so far, for the next attempt. */
  get said(): Said {
    return this.#delivered.said
  }

  get saidTokens(): number {
    return this.#delivered.tokens
  }

  /** The worker that holds the current run, if any. */
  get worker(): WorkerId | null {
    return this.#state.name === 'granted' ? this.#state.grant.worker : null
  }

  /** Since when the current attempt waits in the queue; null when it does not. */
  get waitingSince(): number | null {
    return this.#state.name === 'waiting' ? this.#state.since : null
  }

  msToFirstByte(now: number): number {
    return Math.round((this.#emitted ? this.#endAt : Math.min(this.#firstByteAt, this.#endAt)) - now)
  }

  msToEnd(now: number): number {
    return Math.round(this.#endAt - now)
  }

  start(now: number): Effect[] {
    return [this.#submit(now)]
  }

  /** The router's answer to an attempt; null: it could not be asked. `mayBeLate`: what is away may be there in a moment. */
  submitted(attempt: number, answer: Accepted | Refused | null, now: number, mayBeLate = false): Effect[] {
    if (this.#state.name !== 'submitting' || attempt !== this.#attempt) return []
    if (answer?.kind === 'accepted') {
      this.#budget = this.#budgetOf(answer.pool)
      if (attempt === 1) this.#budget.earn()
      // No node is up: what counts is how long the pool holds it.
      if (answer.holdMs !== undefined) this.#queueUntil = Math.min(this.#firstByteAt, now + answer.holdMs)
      this.#state = { name: 'waiting', unknownAt: null, since: now }
      return []
    }
    const refusal = answer ?? { kind: 'refused', code: 'store_unavailable', retryAfterMs: 1000 }
    const failure = new RequestFailure(refusal.code, refusal)
    const away = refusal.code === 'store_unavailable'
    const passing = away || refusal.code === 'overloaded' || refusal.code === 'backend_unavailable'
    if (attempt === 1 ? away && mayBeLate && now < this.#offerUntil : passing && now < this.#endAt) {
      this.#state = { name: 'submitting', resubmitAt: now + this.#limits.resubmitMs }
      return []
    }
    return this.#fail(failure)
  }

  /** A worker asks for an attempt. `wait`: the router's answer is still on its way. */
  claim(claim: Claim, now: number): ClaimDecision {
    if (this.#state.name === 'done') return { kind: 'gone', reason: 'cancelled' }
    if (claim.attempt !== this.#attempt) return { kind: 'gone', reason: 'stale_attempt' }
    if (this.#state.name === 'granted') {
      return this.#state.grant.run === claim.run ? { kind: 'grant' } : { kind: 'gone', reason: 'already_claimed' }
    }
    if (this.#state.name === 'submitting') return { kind: 'wait' }
    if (this.msToFirstByte(now) <= 0) return { kind: 'gone', reason: 'late' }
    this.#state = {
      name: 'granted',
      grant: {
        run: claim.run,
        worker: claim.worker,
        nextSeq: 0,
        heardAt: now,
        frameAt: now,
        gapAt: null,
        askedAt: Number.NEGATIVE_INFINITY,
      },
    }
    return { kind: 'grant' }
  }

  /** Whether this run holds the current grant; frames of any other are fenced. */
  holds(run: RunId): boolean {
    return this.#state.name === 'granted' && this.#state.grant.run === run
  }

  /** A frame of any run; only the granted run's next one counts. */
  frame(frame: Frame, now: number): Effect[] {
    if (this.#state.name !== 'granted' || this.#state.grant.run !== frame.run) return []
    const grant = this.#state.grant
    grant.heardAt = now
    grant.frameAt = now
    if (frame.seq < grant.nextSeq) return []
    if (frame.seq > grant.nextSeq) {
      grant.gapAt ??= now
      return this.#askResend(grant, now, 100)
    }
    grant.nextSeq += 1
    grant.gapAt = null
    const effects: Effect[] = []
    for (const part of frame.parts) {
      effects.push(...this.#part(part, now))
      if (this.#state.name !== 'granted') break
    }
    return effects
  }

  workerBeat(beat: WorkerBeat, now: number): Effect[] {
    if (this.#state.name !== 'granted' || this.#state.grant.worker !== beat.worker) return []
    const grant = this.#state.grant
    if (beat.silentRuns.includes(grant.run)) {
      grant.heardAt = now
      return []
    }
    if (now - grant.frameAt < this.#limits.unseenRunMs) {
      grant.heardAt = now
      return []
    }
    return this.#askResend(grant, now, this.#limits.gapMs)
  }

  /** Another process beats under the name of the worker that holds the run. */
  workerReplaced(now: number): Effect[] {
    if (this.#state.name !== 'granted' || now - this.#state.grant.heardAt < this.#limits.replacedSilenceMs) return []
    return this.#lose(now, 'its worker was restarted')
  }

  /** Answer to a resend; `known` false: the worker has no such run. */
  resendAnswered(run: RunId, known: boolean, now: number): Effect[] {
    if (this.#state.name !== 'granted' || this.#state.grant.run !== run || known) return []
    return this.#lose(now, 'its worker does not know the run')
  }

  /** The queue does not hold the attempt, and nobody has claimed it yet. */
  jobUnknown(attempt: number, now: number): void {
    if (this.#state.name === 'waiting' && attempt === this.#attempt) this.#state.unknownAt ??= now
  }

  /** The bus is back after a break: nobody is judged by a silence that was ours. */
  busBack(now: number): Effect[] {
    if (this.#state.name !== 'granted') return []
    const grant = this.#state.grant
    grant.heardAt = now
    grant.gapAt = null
    return this.#askResend(grant, now, 0)
  }

  /** Ends the request for a reason outside this machine: its client left, or its record could not be written. */
  giveUp(failure: RequestFailure): Effect[] {
    return this.#fail(failure)
  }

  /** A newer request makes this one worthless; nobody waits for its end. Its place in the queue is the newer one's. */
  supersede(): Effect[] {
    const effects = this.#endRun('superseded')
    this.#state = { name: 'done' }
    return effects
  }

  /** Looks at the clocks. While the ingress itself is off the bus only deadlines count. */
  tick(now: number, busConnected: boolean): Effect[] {
    const state = this.#state
    if (state.name === 'done') return []
    if (now >= this.#endAt || (!this.#emitted && now >= this.#firstByteAt)) {
      return this.#fail(
        new RequestFailure(state.name === 'granted' || this.#emitted ? 'deadline_exceeded' : 'overloaded', {
          retryAfterMs: 1000,
        }),
      )
    }
    if (this.#queuing && now >= this.#queueUntil)
      return this.#fail(new RequestFailure('overloaded', { retryAfterMs: 1000 }))
    if (!busConnected) return []
    if (state.name === 'submitting' && state.resubmitAt !== null && now >= state.resubmitAt) return [this.#submit(now)]
    if (state.name === 'waiting' && state.unknownAt !== null && now - state.unknownAt >= this.#limits.unknownJobMs)
      return this.#lose(now, 'no queue knows the job')
    if (state.name === 'granted') {
      const { grant } = state
      if (now - grant.heardAt >= this.#limits.workerSilenceMs) return this.#lose(now, 'worker silent')
      if (grant.gapAt !== null && now - grant.gapAt >= this.#limits.gapMs) return this.#lose(now, 'frames missing')
    }
    return []
  }

  /** Whether it waits for its first run: whoever was started once has its place, and its deadline. */
  get #queuing(): boolean {
    return this.#attempt === 1 && (this.#state.name === 'submitting' || this.#state.name === 'waiting')
  }

  #part(part: Part, now: number): Effect[] {
    switch (part.kind) {
      case 'text':
      case 'reasoning':
      case 'tool-calls':
      case 'embedding':
        return this.#emit(part)
      case 'end':
        this.#state = { name: 'done' }
        return [{ kind: 'finish', end: part }]
      case 'failed':
        return this.#runFailed(part, now)
      case 'handover':
        return this.#lose(now, 'handed over')
    }
  }

  #emit(part: Exclude<AnswerPart, { kind: 'end' | 'anew' }>): Effect[] {
    const seen = this.#delivered.take(part)
    if (seen === 'astray') return this.#fail(new RequestFailure('cannot_continue'))
    if (seen === 'hidden') return []
    this.#emitted = true
    if (seen === 'new') {
      // Something new for the client: failures at nodes start to count anew.
      this.#nodeFailures = 0
      this.#progressed = true
      this.#brokenNodes.clear()
    }
    return [{ kind: 'emit', part }]
  }

  #runFailed(part: FailedPart, now: number): Effect[] {
    const failure = new RequestFailure(part.code, part)
    if (part.node !== null) this.#avoidNodes.add(part.node)
    if (!part.retry) return this.#fail(failure)
    if (part.fault !== 'none') {
      this.#nodeFailures += 1
      if (part.fault === 'broke' && part.node !== null) this.#brokenNodes.add(part.node)
      const poison = this.#brokenNodes.size >= 2
      // The budget is for attempts that were in vain: a node that dies with sixteen streams must not use it up.
      const affordable = this.#progressed || this.#budget?.spend() === true
      if (poison || this.#nodeFailures >= this.#limits.nodeFailuresMax || !affordable) return this.#fail(failure)
    }
    return this.#nextAttempt(now, `${part.code} at node ${part.node ?? '?'}`)
  }

  /** One of our own parts failed: free, up to a generous limit. */
  #lose(now: number, because: string): Effect[] {
    this.#ownLosses += 1
    if (this.#ownLosses > this.#limits.ownLossesMax)
      return this.#fail(new RequestFailure('backend_unavailable', { retryAfterMs: 1000 }))
    const fenced = this.#endRun('lost')
    return [...fenced, ...this.#nextAttempt(now, because)]
  }

  #nextAttempt(now: number, because: string): Effect[] {
    const takenUp = this.#delivered.takeUp()
    if (takenUp === 'never') return this.#fail(new RequestFailure('cannot_continue'))
    this.#attempt += 1
    const next = this.#submit(now, because)
    return takenUp === 'anew' ? [{ kind: 'emit', part: { kind: 'anew' } }, next] : [next]
  }

  #submit(now: number, because: string | null = null): Effect {
    this.#state = { name: 'submitting', resubmitAt: null }
    this.#progressed = false
    return {
      kind: 'submit',
      attempt: this.#attempt,
      resumed: this.#attempt > 1,
      msLeft: this.msToFirstByte(now),
      queueMsLeft: this.#attempt === 1 ? Math.round(this.#queueUntil - now) : this.msToFirstByte(now),
      avoidNodes: [...this.#avoidNodes].slice(-16),
      because,
    }
  }

  #fail(failure: RequestFailure): Effect[] {
    if (this.#state.name === 'done') return []
    const effects =
      this.#state.name === 'granted'
        ? this.#endRun(failure.code === 'deadline_exceeded' ? 'deadline' : 'client_gone')
        : []
    if (this.#state.name === 'waiting' || this.#state.name === 'submitting')
      effects.push({ kind: 'withdraw', attempt: this.#attempt })
    this.#state = { name: 'done' }
    return [...effects, { kind: 'fail', failure }]
  }

  /** Tells the worker of the current run to stop; harmless when the run has ended or the worker is dead. */
  #endRun(reason: EndReason): Effect[] {
    if (this.#state.name !== 'granted') return []
    const { run, worker } = this.#state.grant
    return [{ kind: 'cancel-run', worker, run, reason }]
  }

  #askResend(grant: Grant, now: number, notWithinMs: number): Effect[] {
    if (now - grant.askedAt < notWithinMs) return []
    grant.askedAt = now
    return [{ kind: 'resend', worker: grant.worker, run: grant.run, fromSeq: grant.nextSeq }]
  }
}
