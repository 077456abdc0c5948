import { RunId } from '@penstock/contracts'
import type { Frame, Part, RequestId, WorkerBeat, WorkerId } from '@penstock/contracts'
import type { LineJob } from '@penstock/scheduling'
import type { SimulatedBus } from './simulated-bus.fixture.ts'
import type { VirtualClock } from './virtual-clock.fixture.ts'

/** What a worker has around it. */
export interface WorkerSurroundings {
  readonly clock: VirtualClock
  readonly bus: SimulatedBus
  take(): LineJob | null
  /** The owner's answer to a claim: words said so far and in all, thoughts ahead of the first; null: gone. */
  claim(claim: { request: RequestId; attempt: number; run: RunId; worker: WorkerId }): Granted | null
  frame(frame: Frame): void
  beat(beat: WorkerBeat): void
}

export interface Granted {
  readonly said: number
  readonly tokens: number
  readonly thoughts: number
}

interface Run {
  readonly id: RunId
  readonly request: RequestId
  readonly attempt: number
  phase: 'claiming' | 'running' | 'ended'
  token: number
  tokens: number
  thoughtsLeft: number
  readonly frames: Frame[]
  frameSinceBeat: boolean
}

const slots = 2
const takeEveryMs = 40
const beatEveryMs = 500
const keepEndedMs = 5000
const itlMs = 80
/** Chance of each token that the node fails instead. */
const nodeFailureRatio = 0.02

let serial = 0

/**
 * A worker as a state machine: slot, claim, tokens, frames kept for resends, beats. A run goes claiming → running → ended, or claiming
 * → ended when its job is gone; its slot is free again exactly when it ended.
 */
export class SimulatedWorker {
  readonly instance: string
  readonly id: WorkerId
  readonly #around: WorkerSurroundings
  readonly #runs = new Map<RunId, Run>()
  #slotsTaken = 0
  #alive = true
  #frozenUntil = 0

  constructor(instance: string, id: WorkerId, around: WorkerSurroundings) {
    this.instance = instance
    this.id = id
    this.#around = around
    this.#repeat(takeEveryMs, () => this.#take())
    this.#repeat(beatEveryMs, () => this.#beat())
  }

  get alive(): boolean {
    return this.#alive
  }

  get slotsTaken(): number {
    return this.#slotsTaken
  }

  crash(): void {
    this.#alive = false
  }

  /** Stands still; what reaches it meanwhile, and what it was about to do, comes after. */
  freeze(forMs: number): void {
    this.#frozenUntil = this.#around.clock.now + forMs
  }

  handOver(): void {
    this.whenAwake(() => {
      for (const run of this.#runs.values()) {
        if (run.phase !== 'running') continue
        this.#send(run, { kind: 'handover' })
        this.#end(run)
      }
    })
  }

  cancel(id: RunId): boolean {
    const run = this.#runs.get(id)
    if (run === undefined || run.phase === 'ended') return false
    this.#end(run)
    return true
  }

  /** A job past the line: taken when a slot is free now. */
  offer(job: LineJob): boolean {
    if (this.#slotsTaken >= slots) return false
    this.#run(job)
    return true
  }

  /** Sends a run's frames again; false: no such run. */
  resend(id: RunId, fromSeq: number): boolean {
    const run = this.#runs.get(id)
    for (const frame of run?.frames.slice(fromSeq) ?? []) this.#around.bus.message(() => this.#around.frame(frame))
    return run !== undefined
  }

  /** Now, or once it is no longer frozen; never when it is dead. */
  whenAwake(work: () => void): void {
    if (!this.#alive) return
    if (this.#frozenUntil > this.#around.clock.now) this.#around.clock.at(this.#frozenUntil, () => this.whenAwake(work))
    else work()
  }

  #repeat(everyMs: number, step: () => void): void {
    const { clock } = this.#around
    const next = (): void =>
      this.whenAwake(() => {
        step()
        clock.at(clock.now + everyMs, next)
      })
    clock.at(clock.now + clock.below(everyMs), next)
  }

  #take(): void {
    const job = this.#slotsTaken < slots ? this.#around.take() : null
    if (job !== null) this.#run(job)
  }

  #run(job: LineJob): void {
    const [request, attempt] = job.id.split('.') as [RequestId, string]
    const run: Run = {
      id: RunId.parse((serial += 1).toString(16).padStart(16, '0')),
      request,
      attempt: Number(attempt),
      phase: 'claiming',
      token: 0,
      tokens: 0,
      thoughtsLeft: 0,
      frames: [],
      frameSinceBeat: false,
    }
    this.#runs.set(run.id, run)
    this.#slotsTaken += 1
    const claim = { request, attempt: run.attempt, run: run.id, worker: this.id }
    this.#around.bus.question<ReturnType<WorkerSurroundings['claim']>>(
      (answer) => answer(this.#around.claim(claim)),
      (go) => this.whenAwake(() => this.#claimed(run, go)),
    )
  }

  #claimed(run: Run, go: Granted | null): void {
    if (run.phase !== 'claiming') return
    if (go === null) {
      this.#end(run)
      this.#runs.delete(run.id)
      return
    }
    const thoughtsLeft = go.said === 0 ? go.thoughts : 0
    Object.assign(run, { phase: 'running', token: go.said, tokens: go.tokens, thoughtsLeft })
    this.#later(run)
  }

  #later(run: Run): void {
    const { clock } = this.#around
    clock.at(clock.now + itlMs, () => this.whenAwake(() => this.#generate(run)))
  }

  #generate(run: Run): void {
    const { clock, bus } = this.#around
    if (run.phase !== 'running') return
    if (bus.stormy && clock.random() < nodeFailureRatio) {
      const fault = clock.random() < 0.5 ? 'broke' : 'unreached'
      this.#send(run, { kind: 'failed', code: 'backend_unavailable', retry: true, fault, node: 'node-1' })
      return this.#end(run)
    }
    if (run.thoughtsLeft > 0) {
      this.#send(run, { kind: 'reasoning', text: 'hm ', tokens: 1 })
      run.thoughtsLeft -= 1
      return this.#later(run)
    }
    if (run.token >= run.tokens) {
      this.#send(run, { kind: 'end', finishReason: 'stop', usage: null, node: 'node-1' })
      return this.#end(run)
    }
    this.#send(run, { kind: 'text', text: `${run.token} `, tokens: 1 })
    run.token += 1
    return this.#later(run)
  }

  #send(run: Run, part: Part): void {
    const frame: Frame = {
      request: run.request,
      attempt: run.attempt,
      run: run.id,
      seq: run.frames.length,
      parts: [part],
    }
    run.frames.push(frame)
    run.frameSinceBeat = true
    this.#around.bus.message(() => this.#around.frame(frame))
  }

  #end(run: Run): void {
    const { clock } = this.#around
    run.phase = 'ended'
    this.#slotsTaken -= 1
    clock.at(clock.now + keepEndedMs, () => void this.#runs.delete(run.id))
  }

  #beat(): void {
    const silentRuns: RunId[] = []
    for (const run of this.#runs.values()) {
      if (run.phase !== 'ended' && !run.frameSinceBeat) silentRuns.push(run.id)
      run.frameSinceBeat = false
    }
    const beat = { worker: this.id, instance: this.instance, draining: false, configVersion: 1, pools: [], silentRuns }
    this.#around.bus.message(() => this.#around.beat(beat))
  }
}
