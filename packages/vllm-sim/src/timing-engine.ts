import type { Clock } from './clock.ts'
import type {
  DropCause,
  Engine,
  EngineCounters,
  EngineLoad,
  EngineObserver,
  PauseMode,
  Sequence,
  SequenceTrace,
} from './engine.ts'
import { blocksLeft, blockTokens } from './engine.ts'
import { closeTrace, openTrace, traceStep, traceToken } from './engine/sequence-trace.ts'
import type { OpenTrace } from './engine/sequence-trace.ts'

export interface TimingSettings {
  /** From the start of work on a request to its first token. */
  readonly ttftMs: number
  /** Between two tokens of a request. */
  readonly itlMs: number
  /** Sequences worked on at once; the others wait in order of arrival. */
  readonly sequencesMax: number
  /** Room for tokens in the KV cache; it only scales the usage reported. */
  readonly kvCacheTokens: number
}

/** Steps fall on multiples of this, so that all sequences due within it share one timer and one pass. */
const tickMs = 2
/** Tokens one sequence may make in one pass when it is behind or has no gap between tokens. */
const burstTokensMax = 64

interface Running {
  readonly sequence: Sequence
  readonly trace: OpenTrace
  dueAt: number
}

/**
 * An engine without a model of the hardware: the first token after a fixed time, each further one after a fixed gap, whatever the load.
 * It has no prefix cache and never preempts. Due times add up from the start of each sequence, so that late timers do not make it drift.
 * Settings apply from the next token on; removals at once. A pass in which tokens fell due counts as a step.
 */
export class TimingEngine implements Engine {
  readonly #clock: Clock
  readonly #observer: EngineObserver | undefined
  #settings: TimingSettings
  readonly #running = new Map<Sequence, Running>()
  readonly #waiting = new Map<Sequence, OpenTrace>()
  #cancelTimer: (() => void) | undefined
  #timerAt = Infinity
  #slowFactor = 1
  #kvRatio = 1
  #pauseMode: PauseMode | undefined
  #frozen = false
  /** Since when no time passes for the sequences. */
  #stillSince: number | undefined
  #steps = 0
  #outputTokens = 0
  #promptTokens = 0

  constructor(settings: TimingSettings, dependencies: { clock: Clock; observer?: EngineObserver | undefined }) {
    this.#settings = settings
    this.#clock = dependencies.clock
    this.#observer = dependencies.observer
  }

  get paused(): boolean {
    return this.#pauseMode !== undefined
  }

  submit(sequence: Sequence): SequenceTrace {
    const now = this.#clock.nowMs()
    const trace = openTrace(now, sequence.promptTokens)
    this.#waiting.set(sequence, trace)
    this.#admit(now)
    this.#arm()
    return trace
  }

  remove(sequence: Sequence): void {
    this.#end(sequence, 'aborted')
    this.#admit(this.#clock.nowMs())
    this.#arm()
  }

  load(): EngineLoad {
    let tokens = 0
    for (const { trace } of this.#running.values()) tokens += trace.promptTokens + trace.outputTokens
    const kvBlocks = blocksLeft(Math.ceil(this.#settings.kvCacheTokens / blockTokens), this.#kvRatio)
    const waiting = this.#waiting.size
    return {
      running: this.#running.size,
      waiting,
      waitingForCapacity: waiting,
      waitingDeferred: 0,
      kvCacheUsageRatio: Math.min(1, tokens / (kvBlocks * blockTokens)),
      kvBlocks,
      lorasRunning: lorasOf(this.#running.keys()),
      lorasWaiting: lorasOf(this.#waiting.keys()),
    }
  }

  counters(): EngineCounters {
    return {
      steps: this.#steps,
      preemptions: 0,
      prefixQueryTokens: 0,
      prefixHitTokens: 0,
      computedTokens: this.#promptTokens + this.#outputTokens,
      outputTokens: this.#outputTokens,
    }
  }

  configure(change: Partial<TimingSettings>): void {
    this.#settings = { ...this.#settings, ...change }
    this.#admit(this.#clock.nowMs())
    this.#arm()
  }

  settings(): TimingSettings {
    return this.#settings
  }

  pause(mode: PauseMode): void {
    this.#pauseMode = mode
    if (mode === 'abort') this.#dropAll('aborted')
    this.#standStill()
  }

  resume(): void {
    this.#pauseMode = undefined
    this.#standStill()
  }

  freeze(): void {
    this.#frozen = true
    this.#standStill()
  }

  thaw(): void {
    this.#frozen = false
    this.#standStill()
  }

  setSlowFactor(factor: number): void {
    this.#slowFactor = factor
  }

  setKvRatio(ratio: number): void {
    this.#kvRatio = ratio
  }

  resetPrefixCache(): boolean {
    return this.#running.size === 0
  }

  crash(): void {
    this.#dropAll('crashed')
    this.#steps = this.#outputTokens = this.#promptTokens = 0
    this.#slowFactor = 1
    this.#kvRatio = 1
    this.#frozen = false
    this.resume()
  }

  stop(): void {
    this.#cancelTimer?.()
    this.#timerAt = Infinity
    this.#running.clear()
    this.#waiting.clear()
  }

  #end(sequence: Sequence, outcome: DropCause): void {
    const trace = this.#waiting.get(sequence) ?? this.#running.get(sequence)?.trace
    if (trace === undefined) return
    closeTrace(trace, outcome, this.#clock.nowMs())
    this.#waiting.delete(sequence)
    this.#running.delete(sequence)
  }

  #dropAll(cause: DropCause): void {
    for (const sequence of [...this.#running.keys(), ...this.#waiting.keys()]) {
      this.#end(sequence, cause)
      sequence.dropped?.(cause)
    }
  }

  /** Stops or restarts time for the sequences, so that none falls due meanwhile. */
  #standStill(): void {
    const now = this.#clock.nowMs()
    const still = this.#frozen || this.#pauseMode === 'keep'
    if (still && this.#stillSince === undefined) this.#stillSince = now
    if (!still && this.#stillSince !== undefined) {
      for (const running of this.#running.values()) running.dueAt += now - this.#stillSince
      this.#stillSince = undefined
    }
    this.#admit(now)
    this.#arm()
  }

  #admit(now: number): void {
    if (this.paused || this.#frozen) return
    for (const [sequence, trace] of this.#waiting) {
      if (this.#running.size >= this.#settings.sequencesMax) return
      this.#waiting.delete(sequence)
      trace.admittedAt = now
      trace.outcome = 'running'
      this.#promptTokens += trace.promptTokens
      this.#running.set(sequence, { sequence, trace, dueAt: now + this.#settings.ttftMs * this.#slowFactor })
    }
  }

  #pass(): void {
    this.#timerAt = Infinity
    if (this.#stillSince !== undefined) return
    const now = this.#clock.nowMs()
    const tokensBefore = this.#outputTokens
    const due = [...this.#running.values()].filter((running) => running.dueAt <= now)
    const id = ++this.#steps
    for (const running of due) {
      traceStep(running.trace, id)
      const end = this.#advance(running, now)
      if (end !== undefined && this.#running.delete(running.sequence)) closeTrace(running.trace, end, now)
    }
    const tokens = this.#outputTokens - tokensBefore
    const step = { id, startedAt: now, endedAt: now, tokens, prefillTokens: 0, sequences: due.length, preemptions: 0 }
    this.#observer?.stepped(step)
    for (const { sequence } of due) sequence.flush()
    this.#admit(now)
    this.#arm()
  }

  /** Lets a sequence take the steps that are due. Returns how it ended, if it did. */
  #advance(running: Running, now: number): 'finished' | 'aborted' | undefined {
    for (let taken = 0; running.dueAt <= now && taken < burstTokensMax; taken++) {
      const result = running.sequence.step()
      if (typeof result === 'object') {
        running.dueAt += result.delayMs
        continue
      }
      if (result === 'lost') return 'aborted'
      traceToken(running.trace, now)
      this.#outputTokens++
      if (result === 'done') return 'finished'
      running.dueAt += this.#settings.itlMs * this.#slowFactor
    }
    return undefined
  }

  #arm(): void {
    if (this.#stillSince !== undefined) return
    let dueAt = Infinity
    for (const running of this.#running.values()) if (running.dueAt < dueAt) dueAt = running.dueAt
    const wakeAt = Math.ceil(dueAt / tickMs) * tickMs
    if (wakeAt >= this.#timerAt || wakeAt === Infinity) return
    this.#cancelTimer?.()
    this.#timerAt = wakeAt
    this.#cancelTimer = this.#clock.after(Math.max(1, Math.ceil(wakeAt - this.#clock.nowMs())), () => this.#pass())
  }
}

const lorasOf = (sequences: Iterable<Sequence>): string[] => {
  const loras = new Set<string>()
  for (const { lora } of sequences) if (lora !== undefined) loras.add(lora)
  return [...loras]
}
