import { RequestFailure, RequestId, WorkerId } from '@penstock/contracts'
import type { Accepted, Frame, Refused, WorkerBeat } from '@penstock/contracts'
import { FairLine } from '@penstock/scheduling'
import type { LineJob } from '@penstock/scheduling'
import { FormerRuns } from '../former-runs.ts'
import type { Effect } from '../life-effects.ts'
import type { ReasoningView } from '../intake.ts'
import { defaultLifeLimits } from '../limits.ts'
import { RequestLife } from '../request-life.ts'
import { RetryBudget } from '../retry-budget.ts'
import { SimulatedBus } from './simulated-bus.fixture.ts'
import type { BusFaults } from './simulated-bus.fixture.ts'
import { SimulatedWorker } from './simulated-worker.fixture.ts'
import type { Granted, WorkerSurroundings } from './simulated-worker.fixture.ts'
import { VirtualClock } from './virtual-clock.fixture.ts'

export interface SimulationResult {
  /** What broke a promise; empty: nothing did. */
  readonly wrong: string[]
  readonly outcomes: string[]
  readonly attempts: number
  /** First attempts that were offered once more, because nobody took them. */
  readonly offeredAgain: number
}

interface SimulatedRequest {
  readonly id: RequestId
  readonly life: RequestLife
  readonly tokens: number
  readonly thoughts: number
  readonly reasoning: ReasoningView
  received: number
  outcome: string | null
  /** The run that each attempt was granted to. */
  readonly granted: Map<number, string>
}

const firstByteMs = 30_000
const totalMs = 40_000
const strikeEveryMsMax = 1500
/** Workers that a router asks while the store is away. */
const offersMax = 2
const roomy = {
  perUserMax: Infinity,
  perTenantMax: Infinity,
  jobsMax: Infinity,
  bytesMax: Infinity,
  aheadMax: Infinity,
}
const accepted: Accepted = {
  kind: 'accepted',
  pool: 'p',
  lane: 'interactive',
  model: 'm',
  family: 'general',
  configVersion: 1,
  rule: '',
}

const storeAway: Refused = { kind: 'refused', code: 'store_unavailable', retryAfterMs: 1000 }

/**
 * A whole deployment on a virtual clock that a seed repeats: the ingress's own state machines, the definition of the queue, and workers,
 * a router and a bus as small as can be. Until `calmAt` a message may be lost, doubled or late at any step, a worker crash, stand still
 * or hand over, a node fail, the queue be away or forget all; and clients leave when they like.
 */
export class Simulation {
  readonly #clock: VirtualClock
  readonly #bus: SimulatedBus
  readonly #faults: BusFaults
  readonly #requests: SimulatedRequest[] = []
  readonly #workers: SimulatedWorker[] = []
  readonly #formerRuns = new FormerRuns({ keepMs: 60_000, tellEveryMs: 200 })
  readonly #wrong: string[] = []
  #line = new FairLine()
  #storeBackAt = 0
  #boots = 0
  #attempts = 0
  #offeredAgain = 0

  constructor(seed: number, faults: BusFaults) {
    this.#clock = new VirtualClock(seed)
    this.#bus = new SimulatedBus(this.#clock, faults)
    this.#faults = faults
  }

  /** Plays until everything is over, or for twice the longest that a request may live. */
  play(): SimulationResult {
    const clock = this.#clock
    const workers = 2 + clock.below(1)
    const requests = 2 + clock.below(3)
    for (let n = 0; n < workers; n++) this.#start(`worker${n}`)
    for (let n = 0; n < requests; n++) clock.at(clock.below(600), () => this.#ask())
    clock.at(100, () => this.#tick())
    clock.at(1000, () => this.#findUnknown())
    for (let at = clock.below(strikeEveryMsMax); at < this.#faults.calmAt; at += clock.below(strikeEveryMsMax))
      clock.at(at, () => this.#strike())
    const until = this.#faults.calmAt + 2 * totalMs
    while (clock.now < until && !this.#isOver(requests) && clock.step()) continue
    this.#check(requests)
    return {
      wrong: this.#wrong,
      outcomes: this.#requests.map(({ outcome }) => outcome ?? 'open'),
      attempts: this.#attempts,
      offeredAgain: this.#offeredAgain,
    }
  }

  #isOver(requests: number): boolean {
    return (
      this.#clock.now >= this.#faults.calmAt &&
      this.#requests.length === requests &&
      this.#requests.every(({ outcome }) => outcome !== null) &&
      this.#line.size === 0 &&
      this.#workers.every(({ slotsTaken, alive }) => alive && slotsTaken === 0)
    )
  }

  #check(requests: number): void {
    if (this.#requests.length !== requests) this.#wrong.push('a request was never asked')
    for (const { outcome, received, tokens } of this.#requests) {
      if (outcome === null) this.#wrong.push('a request never ended')
      if (outcome === 'finished' && received !== tokens) this.#wrong.push(`${received} of ${tokens} tokens at the end`)
    }
    for (const { id, slotsTaken, alive } of this.#workers) {
      if (!alive) this.#wrong.push(`${id} did not come back`)
      if (slotsTaken !== 0) this.#wrong.push(`${id} still holds ${slotsTaken} slots`)
    }
    if (this.#line.size > 0) this.#wrong.push(`${this.#line.size} jobs wait for nobody`)
  }

  #ask(): void {
    const { now } = this.#clock
    const id = RequestId.parse((this.#requests.length + 1).toString(16).padStart(32, '0'))
    const limits = { firstByteMs, totalMs, queueMs: firstByteMs, limits: defaultLifeLimits }
    const budget = new RetryBudget({ share: 0.1, burst: 10 })
    const reasoning = this.#clock.random() < 0.5 ? 'hidden' : 'told'
    const life = new RequestLife({ request: id, reasoning, whole: false, ...limits, budgetOf: () => budget }, now)
    const tokens = 1 + this.#clock.below(12)
    const thoughts = this.#clock.random() < 0.3 ? this.#clock.below(8) : 0
    const progress = { received: 0, outcome: null, granted: new Map() }
    const request: SimulatedRequest = { id, life, tokens, thoughts, reasoning, ...progress }
    this.#requests.push(request)
    this.#apply(request, life.start(now))
    if (this.#clock.random() >= 0.15) return
    this.#clock.at(now + this.#clock.below(6000), () =>
      this.#apply(request, life.giveUp(new RequestFailure('cancelled'))),
    )
  }

  #apply(request: SimulatedRequest, effects: Effect[]): void {
    const { life } = request
    for (const effect of effects) {
      switch (effect.kind) {
        case 'submit':
          this.#submit(request, effect.attempt, effect.resumed)
          break
        case 'emit':
          if (effect.part.kind === 'reasoning' && request.reasoning === 'told' && request.received === 0) break
          if (effect.part.kind !== 'text' || effect.part.text !== `${request.received} `)
            this.#wrong.push(`token ${request.received} expected, got ${JSON.stringify(effect.part)}`)
          if (request.outcome !== null) this.#wrong.push('a part came after the end')
          request.received += 1
          break
        case 'finish':
        case 'fail':
          if (request.outcome !== null) this.#wrong.push('a request ended twice')
          request.outcome = effect.kind === 'finish' ? 'finished' : effect.failure.code
          break
        case 'withdraw':
          this.#withdraw(`${request.id}.${effect.attempt}`)
          break
        case 'cancel-run':
          this.#formerRuns.add(effect.run, effect.worker, this.#clock.now)
          this.#tell(effect.worker, (worker) => worker.cancel(effect.run))
          break
        case 'resend':
          this.#tell(
            effect.worker,
            (worker) => worker.resend(effect.run, effect.fromSeq),
            (known) => this.#apply(request, life.resendAnswered(effect.run, known, this.#clock.now)),
            1,
          )
          break
      }
    }
  }

  #submit({ id: request, life }: SimulatedRequest, attempt: number, resumed: boolean): void {
    this.#attempts += 1
    const id = `${request}.${attempt}`
    const job = { id, user: request, tenant: 't', cost: 1 + this.#clock.below(5), bytes: 1, resumed, askedAt: 0 }
    this.#bus.question<Accepted | Refused>(
      (answer) => {
        if (this.#storeAway) return this.#offer(job, offersMax, answer)
        this.#line.add(job, roomy)
        answer(accepted)
      },
      (answer) => {
        // Its client left meanwhile: as the desk does, the job is taken back.
        if (life.done && answer?.kind === 'accepted') this.#withdraw(id)
        const owner = this.#requests.find((each) => each.life === life)
        if (owner === undefined) return
        this.#apply(owner, life.submitted(attempt, answer, this.#clock.now, true))
        if (attempt === 1 && answer?.kind !== 'accepted' && !life.done) this.#offeredAgain += 1
      },
    )
  }

  /** As a router does while the store is away: a worker with a free slot gets the job directly. */
  #offer(job: LineJob, left: number, answer: (answer: Accepted | Refused) => void): void {
    if (left === 0) return answer(storeAway)
    this.#bus.question<boolean>(
      (taken) => {
        const worker = this.#workers[this.#clock.below(this.#workers.length - 1)]
        worker?.whenAwake(() => taken(worker.offer(job)))
      },
      (taken) => (taken === true ? answer(accepted) : this.#offer(job, left - 1, answer)),
      1,
    )
  }

  #withdraw(id: string): void {
    this.#bus.question<boolean>(
      (answer) => {
        if (!this.#storeAway) answer(this.#line.remove(id))
      },
      () => undefined,
    )
  }

  get #storeAway(): boolean {
    return this.#clock.now < this.#storeBackAt
  }

  #tick(): void {
    for (const request of this.#requests) this.#apply(request, request.life.tick(this.#clock.now, true))
    this.#clock.at(this.#clock.now + 100, () => this.#tick())
  }

  #findUnknown(): void {
    const { now } = this.#clock
    for (const { id, life } of this.#requests) {
      const { attempt, waitingSince } = life
      if (waitingSince === null || now - waitingSince < 1000) continue
      this.#bus.question<boolean>(
        (answer) => {
          if (!this.#storeAway) answer(this.#line.has(`${id}.${attempt}`))
        },
        (waits) => {
          if (waits === false) life.jobUnknown(attempt, this.#clock.now)
        },
        1,
      )
    }
    this.#clock.at(now + 1000, () => this.#findUnknown())
  }

  #frame(frame: Frame): void {
    const request = this.#requests.find(({ id }) => id === frame.request)
    if (request?.life.holds(frame.run) === true) return this.#apply(request, request.life.frame(frame, this.#clock.now))
    const worker = this.#formerRuns.heard(frame.run, this.#clock.now)
    if (worker !== null) this.#tell(worker, (told) => told.cancel(frame.run))
  }

  #claim(claim: Parameters<WorkerSurroundings['claim']>[0]): Granted | null {
    const request = this.#requests.find(({ id }) => id === claim.request)
    if (request === undefined || request.life.claim(claim, this.#clock.now).kind !== 'grant') return null
    const { text, tokens } = request.life.said
    const words = text.split(' ').length - 1
    const former = request.granted.get(claim.attempt)
    if (former !== undefined && former !== claim.run) this.#wrong.push('an attempt was granted twice')
    // A run that asks again may have thought meanwhile: the first answer is the one it gets.
    if (former === undefined && (tokens < words || (words === 0 && tokens > 0)))
      this.#wrong.push(`${words} words of ${tokens} tokens`)
    request.granted.set(claim.attempt, claim.run)
    return { said: words, tokens: request.tokens, thoughts: request.thoughts }
  }

  #beat(beat: WorkerBeat): void {
    for (const request of this.#requests) {
      const holder = request.life.worker
      if (holder === beat.worker) this.#apply(request, request.life.workerBeat(beat, this.#clock.now))
      // A beat of a former boot may come late: only the latest boot replaces another.
      else if (holder?.startsWith(`${beat.instance}-`) === true && this.#workers.some(({ id }) => id === beat.worker))
        this.#apply(request, request.life.workerReplaced(this.#clock.now))
    }
  }

  #start(instance: string): void {
    const worker = new SimulatedWorker(instance, WorkerId.parse(`${instance}-${(this.#boots += 1)}`), {
      clock: this.#clock,
      bus: this.#bus,
      take: () => (this.#storeAway ? null : this.#line.take()),
      claim: (claim) => this.#claim(claim),
      frame: (frame) => this.#frame(frame),
      beat: (beat) => this.#beat(beat),
    })
    const former = this.#workers.findIndex((each) => each.instance === instance)
    if (former < 0) this.#workers.push(worker)
    else this.#workers[former] = worker
  }

  #tell(id: WorkerId, act: (worker: SimulatedWorker) => boolean, done?: (known: boolean) => void, tries = 3): void {
    this.#bus.question<boolean>(
      (answer) => {
        const worker = this.#workers.find((each) => each.id === id)
        worker?.whenAwake(() => answer(act(worker)))
      },
      (known) => {
        if (known !== null) done?.(known)
      },
      tries,
    )
  }

  #strike(): void {
    const worker = this.#workers[this.#clock.below(this.#workers.length - 1)] as SimulatedWorker
    const what = this.#clock.random()
    if (!worker.alive) return
    if (what < 0.35) {
      worker.crash()
      this.#clock.at(this.#clock.now + 100 + this.#clock.below(2500), () => this.#start(worker.instance))
    } else if (what < 0.7) worker.freeze(this.#clock.below(6000))
    else if (what < 0.8) worker.handOver()
    else if (what < 0.92) this.#storeBackAt = this.#clock.now + this.#clock.below(2500)
    else this.#line = new FairLine()
  }
}
