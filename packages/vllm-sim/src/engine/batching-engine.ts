import type { Clock } from '../clock.ts'
import type {
  Engine,
  EngineCounters,
  EngineLoad,
  EngineObserver,
  PauseMode,
  Sequence,
  SequenceTrace,
} from '../engine.ts'
import { blocksLeft } from '../engine.ts'
import { EngineCore } from './engine-core.ts'
import type { CoreOptions } from './engine-core.ts'
import { noFrontEndCost } from './front-end.ts'
import type { FrontEndCost } from './front-end.ts'
import type { PerformanceProfile } from './performance-profiles.ts'
import type { SchedulingPolicy } from './waiting-queue.ts'

export interface BatchingOptions {
  readonly profile: PerformanceProfile
  /** Tokens computed in one step (`--max-num-batched-tokens`). Default: the profile's, which is vLLM's for that GPU. */
  readonly tokensPerStepMax?: number | undefined
  /** Sequences in the batch (`--max-num-seqs`). Default: the profile's. */
  readonly sequencesMax?: number | undefined
  /** KV blocks, the reserved one included (`--num-gpu-blocks-override`). Default: the profile's. */
  readonly kvBlocks?: number | undefined
  /** Default `fcfs`: a sequence's priority counts for nothing. */
  readonly policy?: SchedulingPolicy | undefined
  /** Different adapters in one step (`--max-loras`). Default: no limit. */
  readonly lorasMax?: number | undefined
  /** Default: on. */
  readonly prefixCaching?: boolean | undefined
  /** Tokens of one prompt computed in one step (`--long-prefill-token-threshold`). Default: no limit. */
  readonly prefillChunkMax?: number | undefined
  /** Only a prompt with room for all of it is admitted (`scheduler_reserve_full_isl`). Default: on. */
  readonly reserveWholePrompt?: boolean | undefined
  /** Default: none. `defaultFrontEndCost` is what a real server needs. */
  readonly frontEnd?: FrontEndCost | undefined
  /** Lognormal spread of step times. Default 0; about 0.03 on real hardware. */
  readonly jitterSigma?: number | undefined
  /** Of the jitter. Default 1. */
  readonly seed?: number | undefined
}

/** A step timer later than this, ms, means that the process was held up: the steps missed are not made up for. */
const latenessMaxMs = 250
/** Steps made up for in one go before other work of the process has its turn. */
const stepsInARowMax = 16

/**
 * vLLM's engine without a GPU: its V1 scheduler and block pool, and a model of how long each step takes. What it does follows from what it
 * is asked and when; on a `VirtualClock` it runs thousands of times faster than life. It has one timer at most, however many sequences.
 */
export class BatchingEngine implements Engine {
  readonly #coreOptions: CoreOptions
  readonly #clock: Clock
  readonly #observer: EngineObserver | undefined
  #core: EngineCore
  /** Instant the step under way ends at; steps follow each other on this time, so late timers do not add up. */
  #stepEndsAt: number | undefined
  #timerAt = Infinity
  #cancelTimer: (() => void) | undefined
  #pauseMode: PauseMode | undefined
  #frozenAt: number | undefined
  #slowFactor = 1
  #turning = false
  #stopped = false

  constructor(options: BatchingOptions, dependencies: { clock: Clock; observer?: EngineObserver | undefined }) {
    const { profile } = options
    this.#coreOptions = {
      model: profile,
      tokensPerStepMax: options.tokensPerStepMax ?? profile.tokensPerStepMax,
      sequencesMax: options.sequencesMax ?? profile.sequencesMax,
      kvBlocks: options.kvBlocks ?? profile.kvBlocks,
      policy: options.policy ?? 'fcfs',
      lorasMax: options.lorasMax ?? Infinity,
      prefixCaching: options.prefixCaching ?? true,
      prefillChunkMax: options.prefillChunkMax ?? Infinity,
      reserveWholePrompt: options.reserveWholePrompt ?? true,
      frontEnd: options.frontEnd ?? noFrontEndCost,
      jitterSigma: options.jitterSigma ?? 0,
      seed: options.seed ?? 1,
    }
    this.#clock = dependencies.clock
    this.#observer = dependencies.observer
    this.#core = new EngineCore(this.#coreOptions, this.#observer)
  }

  get paused(): boolean {
    return this.#pauseMode !== undefined
  }

  submit(sequence: Sequence): SequenceTrace {
    const trace = this.#core.add(sequence, this.#clock.nowMs())
    this.#wake(trace.queuedAt)
    return trace
  }

  remove(sequence: Sequence): void {
    this.#core.remove(sequence, this.#clock.nowMs())
    this.#wake()
  }

  load(): EngineLoad {
    return this.#core.load
  }

  counters(): EngineCounters {
    return this.#core.counters()
  }

  pause(mode: PauseMode): void {
    this.#pauseMode = mode
    if (mode === 'abort')
      for (const sequence of this.#core.removeAll(this.#clock.nowMs())) sequence.dropped?.('aborted')
  }

  resume(): void {
    this.#pauseMode = undefined
    this.#wake()
  }

  setSlowFactor(factor: number): void {
    this.#slowFactor = factor
  }

  freeze(): void {
    if (this.#frozenAt !== undefined) return
    this.#frozenAt = this.#clock.nowMs()
    this.#disarm()
  }

  thaw(): void {
    if (this.#frozenAt === undefined) return
    const frozenMs = this.#clock.nowMs() - this.#frozenAt
    this.#frozenAt = undefined
    if (this.#stepEndsAt === undefined) this.#wake()
    else this.#arm((this.#stepEndsAt += frozenMs))
  }

  setKvRatio(ratio: number): void {
    this.#core.resizeKv(blocksLeft(this.#coreOptions.kvBlocks, ratio))
    this.#wake()
  }

  resetPrefixCache({ preemptRunning = false }: { readonly preemptRunning?: boolean } = {}): boolean {
    const done = this.#core.resetPrefixCache(preemptRunning, this.#clock.nowMs())
    this.#wake()
    return done
  }

  crash(): void {
    this.#disarm()
    this.#pauseMode = this.#frozenAt = this.#stepEndsAt = undefined
    this.#slowFactor = 1
    const lost = this.#core.crash(this.#clock.nowMs())
    this.#core = new EngineCore(this.#coreOptions, this.#observer)
    for (const sequence of lost) sequence.dropped?.('crashed')
  }

  stop(): void {
    this.#stopped = true
    this.#disarm()
  }

  /** Throws when the books do not balance: blocks, queues or the step's tokens. For tests; slow. */
  check(): void {
    this.#core.check()
  }

  get #still(): boolean {
    return this.#stopped || this.#frozenAt !== undefined || this.#pauseMode === 'keep'
  }

  /** Something may have become possible: looks for it at that instant unless a step is under way. */
  #wake(at = this.#clock.nowMs()): void {
    if (this.#still || this.#turning || this.#stepEndsAt !== undefined || at >= this.#timerAt) return
    this.#arm(at)
  }

  #arm(at: number): void {
    this.#disarm()
    if (at === Infinity) return
    this.#timerAt = at
    this.#cancelTimer = this.#clock.after(Math.max(0, at - this.#clock.nowMs()), () => this.#turn())
  }

  #disarm(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#timerAt = Infinity
  }

  /** Ends the step that is due, if one is, and begins the next, for as long as steps are due. */
  #turn(): void {
    this.#timerAt = Infinity
    this.#turning = true
    const now = this.#clock.nowMs()
    for (let steps = 0; steps < stepsInARowMax; steps++) {
      const at = this.#endStep(now)
      if (this.#still || this.#beginStep(at) > now) break
    }
    this.#turning = false
    if (this.#still && this.#stepEndsAt === undefined) return
    this.#arm(this.#stepEndsAt ?? this.#core.nextChangeAt(now))
  }

  /** Returns the instant the next step can begin at. */
  #endStep(now: number): number {
    const endsAt = this.#stepEndsAt
    if (endsAt === undefined) return now
    const at = now - endsAt > latenessMaxMs ? now : endsAt
    this.#stepEndsAt = undefined
    const core = this.#core
    core.end(at)
    core.flush()
    return at
  }

  /** Returns when the step it began ends; Infinity when there is nothing to compute. */
  #beginStep(at: number): number {
    const durationMs = this.#core.begin(at, this.#pauseMode === undefined)
    if (durationMs === undefined) return Infinity
    return (this.#stepEndsAt = at + durationMs * this.#slowFactor)
  }
}
