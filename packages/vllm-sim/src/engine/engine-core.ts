import type { EngineCounters, EngineLoad, EngineObserver, EngineStep, Sequence, SequenceTrace } from '../engine.ts'
import { BlockPool } from './block-pool.ts'
import { Entry } from './entry.ts'
import type { FrontEndCost } from './front-end.ts'
import { lognormalJitter } from './jitter.ts'
import { MinHeap } from './min-heap.ts'
import { Scheduler } from './scheduler.ts'
import type { SchedulerOptions } from './scheduler.ts'
import { closeTrace, openTrace, traceToken } from './sequence-trace.ts'
import { measureWork, stepMs } from './step-time.ts'
import type { StepTimeParameters, StepWork } from './step-time.ts'

export interface CoreOptions extends SchedulerOptions {
  readonly model: StepTimeParameters
  readonly kvBlocks: number
  readonly frontEnd: FrontEndCost
  /** Lognormal spread of step times. */
  readonly jitterSigma: number
  readonly seed: number
}

/**
 * The engine without time: told when it is, it decides a step, says how long that takes, and when told that the time is over, has the
 * sequences make their tokens. Between `begin` and `end` a step is under way.
 */
export class EngineCore {
  readonly #options: CoreOptions
  readonly #observer: EngineObserver | undefined
  readonly #jitter: () => number
  readonly #pool: BlockPool
  readonly #scheduler: Scheduler
  readonly #entries = new Map<Sequence, Entry>()
  /** Sequences still in the front end. */
  readonly #preparing = new MinHeap<Entry>(
    (one, other) => one.trace.queuedAt - other.trace.queuedAt || one.order - other.order,
  )
  /** Running sequences that leave at the end of the step under way. */
  readonly #leaving: Entry[] = []
  readonly #unflushed: Sequence[] = []
  readonly #work: StepWork = { sequences: 0, tokens: 0, prefillTokens: 0, contextTokens: 0, prefillSquaredTokens: 0 }
  readonly #step: { -readonly [K in keyof EngineStep]: EngineStep[K] }
  #load: EngineLoad
  #underWay = false
  #preemptionsSeen = 0
  #arrivals = 0
  #usesLora = false
  #computedTokens = 0
  #outputTokens = 0

  constructor(options: CoreOptions, observer: EngineObserver | undefined) {
    this.#options = options
    this.#observer = observer
    this.#jitter = lognormalJitter(options.jitterSigma, options.seed)
    this.#pool = new BlockPool(options.kvBlocks)
    this.#scheduler = new Scheduler(options, this.#pool)
    this.#step = { id: 0, startedAt: 0, endedAt: 0, tokens: 0, prefillTokens: 0, sequences: 0, preemptions: 0 }
    this.#load = this.#measureLoad()
  }

  get load(): EngineLoad {
    return this.#load
  }

  counters(): EngineCounters {
    const { preemptions, prefixQueryTokens, prefixHitTokens } = this.#scheduler
    const [computedTokens, outputTokens] = [this.#computedTokens, this.#outputTokens]
    return { steps: this.#step.id, preemptions, prefixQueryTokens, prefixHitTokens, computedTokens, outputTokens }
  }

  add(sequence: Sequence, now: number): SequenceTrace {
    const { requestMs, promptTokenMs } = this.#options.frontEnd
    const trace = openTrace(now, sequence.promptTokens)
    const entry = new Entry(sequence, trace, this.#arrivals++)
    this.#entries.set(sequence, entry)
    this.#usesLora ||= sequence.lora !== undefined
    const preparingMs = requestMs + promptTokenMs * sequence.promptTokens
    trace.queuedAt = now + preparingMs
    if (preparingMs > 0) this.#preparing.push(entry)
    else this.#scheduler.enqueue(entry)
    return trace
  }

  remove(sequence: Sequence, now: number): void {
    const entry = this.#entries.get(sequence)
    if (entry !== undefined) this.#withdraw(entry, now)
  }

  /** Removes everything and returns what was not removed before. */
  removeAll(now: number): Sequence[] {
    const entries = this.#present()
    for (const entry of entries) this.#withdraw(entry, now)
    return entries.map((entry) => entry.sequence)
  }

  /** Closes every trace as crashed and returns the sequences that were not removed before. The core is not to be used any more. */
  crash(now: number): Sequence[] {
    const entries = this.#present()
    this.#dismissLeaving(now)
    for (const entry of entries) {
      entry.removed = true
      closeTrace(entry.trace, 'crashed', now)
    }
    this.#unflushed.length = 0
    return entries.map((entry) => entry.sequence)
  }

  /**
   * Begins a step and returns how long it takes, ms; undefined when there is nothing to compute. Without `admitting`, only sequences that
   * were admitted before take part.
   */
  begin(now: number, admitting: boolean): number | undefined {
    for (let first = this.#preparing.peek(); first !== undefined && first.trace.queuedAt <= now;) {
      this.#preparing.pop()
      if (first.state === 'preparing') this.#scheduler.enqueue(first)
      first = this.#preparing.peek()
    }
    const scheduler = this.#scheduler
    const { batch } = scheduler
    this.#preemptionsSeen = scheduler.preemptions
    scheduler.schedule(now, admitting)
    // The last one running evicted itself: its blocks may be room for another.
    if (batch.length === 0 && scheduler.preemptions > this.#preemptionsSeen) scheduler.schedule(now, admitting)
    if (batch.length === 0) return undefined

    measureWork(batch, this.#work)
    const id = ++this.#step.id
    this.#step.startedAt = now
    for (const entry of batch) {
      entry.joined(id)
      entry.trace.outcome = 'running'
      entry.trace.admittedAt ??= now
    }
    this.#underWay = true
    return stepMs(this.#options.model, this.#work) * this.#jitter()
  }

  /** Ends the step under way: sequences make their tokens, those that are over leave, gauges are taken. `flush` is still to be called. */
  end(now: number): void {
    for (const entry of this.#scheduler.batch) this.#advance(entry, now)
    this.#underWay = false
    this.#dismissLeaving(now)
    this.#load = this.#measureLoad()
    const step = this.#step
    step.endedAt = now
    step.tokens = this.#work.tokens
    step.prefillTokens = this.#work.prefillTokens
    step.sequences = this.#work.sequences
    step.preemptions = this.#scheduler.preemptions - this.#preemptionsSeen
    this.#observer?.stepped(step)
  }

  /** Lets the sequences send the tokens of the step that ended. */
  flush(): void {
    for (const sequence of this.#unflushed) sequence.flush()
    this.#unflushed.length = 0
  }

  /** When something may become possible that is not now: a sequence leaves the front end, a stall ends. Infinity: only by an event. */
  nextChangeAt(now: number): number {
    let at = this.#preparing.peek()?.trace.queuedAt ?? Infinity
    for (const { stalledUntil } of this.#scheduler.running) if (stalledUntil > now) at = Math.min(at, stalledUntil)
    for (const { stalledUntil } of this.#scheduler.waiting.values())
      if (stalledUntil > now) at = Math.min(at, stalledUntil)
    return at
  }

  resizeKv(blocks: number): void {
    this.#pool.resize(blocks)
  }

  resetPrefixCache(preemptRunning: boolean, now: number): boolean {
    if (preemptRunning) {
      this.#dismissLeaving(now)
      this.#scheduler.preemptAll()
    }
    if (this.#pool.held > 0) return false
    this.#pool.forgetAll()
    return true
  }

  /** Throws when the books do not balance. */
  check(): void {
    this.#pool.check()
    const { running, batch, waiting } = this.#scheduler
    const blocks = new Set(running.flatMap((entry) => entry.blocks))
    if (blocks.size !== this.#pool.held) throw new Error(`${this.#pool.held} blocks held, ${blocks.size} by sequences`)
    const present = [...running, ...waiting.values(), ...this.#preparing.values()].filter(
      ({ state }) => state !== 'gone',
    )
    if (new Set(present).size !== present.length || present.length !== this.#entries.size)
      throw new Error(`${this.#entries.size} sequences, ${present.length} in queues`)
    const tokens = batch.reduce((sum, entry) => sum + entry.scheduled, 0)
    if (tokens > this.#options.tokensPerStepMax) throw new Error(`${tokens} tokens in one step`)
    if (running.length > this.#options.sequencesMax) throw new Error(`${running.length} sequences run`)
  }

  #present(): Entry[] {
    return [...this.#entries.values()].filter((entry) => !entry.removed)
  }

  /** What a step did for one of its sequences. */
  #advance(entry: Entry, now: number): void {
    const { scheduled, trace } = entry
    this.#computedTokens += scheduled
    if (entry.computed < entry.computedBefore)
      trace.recomputedTokens += Math.min(entry.computedBefore - entry.computed, scheduled)
    if (entry.removed) return
    entry.computed += scheduled
    entry.scheduled = 0
    if (entry.computed < entry.known) return
    const result = entry.sequence.step()
    if (typeof result === 'object') {
      // Its last token is computed once more when it goes on; nothing else in it changes.
      entry.computed--
      entry.stalledUntil = now + result.delayMs
      return
    }
    this.#unflushed.push(entry.sequence)
    if (result === 'lost') return this.#leave(entry, now, 'aborted')
    entry.known++
    this.#outputTokens++
    traceToken(trace, now)
    if (result === 'done') this.#leave(entry, now, 'finished')
  }

  #leave(entry: Entry, now: number, outcome: 'finished' | 'aborted'): void {
    if (entry.removed) return
    entry.removed = true
    closeTrace(entry.trace, outcome, now)
    this.#leaving.push(entry)
  }

  #withdraw(entry: Entry, now: number): void {
    if (entry.removed) return
    entry.removed = true
    if (entry.state === 'running') {
      this.#leaving.push(entry)
      if (!this.#underWay) this.#dismissLeaving(now)
    } else {
      this.#scheduler.dismiss(entry)
      this.#entries.delete(entry.sequence)
      closeTrace(entry.trace, 'aborted', now)
    }
    if (!this.#underWay) this.#load = this.#measureLoad()
  }

  #dismissLeaving(now: number): void {
    if (this.#leaving.length === 0) return
    for (const entry of this.#leaving) {
      const underWay = entry.scheduled > 0 && entry.yields ? 1 : 0
      if (entry.trace.endedAt === null) closeTrace(entry.trace, 'aborted', now, underWay)
      this.#scheduler.dismiss(entry)
      this.#entries.delete(entry.sequence)
    }
    this.#leaving.length = 0
    this.#scheduler.sweep()
  }

  #measureLoad(): EngineLoad {
    const { running, waiting, deferred } = this.#scheduler
    return {
      running: running.length,
      waiting: waiting.size,
      waitingForCapacity: Math.max(0, waiting.size - deferred),
      waitingDeferred: Math.min(deferred, waiting.size),
      kvCacheUsageRatio: this.#pool.usageRatio,
      kvBlocks: this.#pool.size,
      lorasRunning: this.#usesLora ? lorasOf(running) : noLoras,
      lorasWaiting: this.#usesLora ? lorasOf(waiting.values()) : noLoras,
    }
  }
}

const noLoras: readonly string[] = []

const lorasOf = (entries: Iterable<Entry>): string[] => {
  const loras = new Set<string>()
  for (const { sequence } of entries) if (sequence.lora !== undefined) loras.add(sequence.lora)
  return [...loras]
}
