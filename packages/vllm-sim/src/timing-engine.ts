import type { Clock } from './clock.ts'
import type { Engine, EngineLoad, Sequence } from './engine.ts'

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
  dueAt: number
  tokens: number
}

/**
 * An engine without a model of the hardware: the first token after a fixed time, each further one after a fixed gap, whatever the load.
 * Due times add up from the start of each sequence, so that late timers do not make it drift. Settings apply from the next token on.
 */
export class TimingEngine implements Engine {
  readonly #clock: Clock
  #settings: TimingSettings
  readonly #running = new Map<Sequence, Running>()
  readonly #waiting = new Set<Sequence>()
  #cancelTimer: (() => void) | undefined
  #timerAt = Infinity

  constructor(settings: TimingSettings, dependencies: { clock: Clock }) {
    this.#settings = settings
    this.#clock = dependencies.clock
  }

  submit(sequence: Sequence): void {
    this.#waiting.add(sequence)
    this.#admit(this.#clock.nowMs())
    this.#arm()
  }

  remove(sequence: Sequence): void {
    if (this.#waiting.delete(sequence)) return
    if (this.#running.delete(sequence)) this.#admit(this.#clock.nowMs())
    this.#arm()
  }

  load(): EngineLoad {
    let tokens = 0
    for (const [sequence, running] of this.#running) tokens += sequence.promptTokens + running.tokens
    const kvCacheUsageRatio = Math.min(1, tokens / this.#settings.kvCacheTokens)
    return { running: this.#running.size, waiting: this.#waiting.size, kvCacheUsageRatio }
  }

  configure(change: Partial<TimingSettings>): void {
    this.#settings = { ...this.#settings, ...change }
    this.#admit(this.#clock.nowMs())
    this.#arm()
  }

  settings(): TimingSettings {
    return this.#settings
  }

  stop(): void {
    this.#cancelTimer?.()
    this.#timerAt = Infinity
    this.#running.clear()
    this.#waiting.clear()
  }

  #admit(now: number): void {
    for (const sequence of this.#waiting) {
      if (this.#running.size >= this.#settings.sequencesMax) return
      this.#waiting.delete(sequence)
      this.#running.set(sequence, { sequence, dueAt: now + this.#settings.ttftMs, tokens: 0 })
    }
  }

  #pass(): void {
    this.#timerAt = Infinity
    const now = this.#clock.nowMs()
    for (const running of this.#running.values()) {
      if (running.dueAt > now) continue
      if (this.#advance(running, now)) this.#running.delete(running.sequence)
      running.sequence.flush()
    }
    this.#admit(now)
    this.#arm()
  }

  /** Lets a sequence take the steps that are due. Returns whether it is over. */
  #advance(running: Running, now: number): boolean {
    for (let taken = 0; running.dueAt <= now && taken < burstTokensMax; taken++) {
      const result = running.sequence.step()
      if (result === 'done') return true
      if (result === 'more') {
        running.tokens++
        running.dueAt += this.#settings.itlMs
      } else {
        running.dueAt += result.delayMs
      }
    }
    return false
  }

  #arm(): void {
    let dueAt = Infinity
    for (const running of this.#running.values()) if (running.dueAt < dueAt) dueAt = running.dueAt
    const wakeAt = Math.ceil(dueAt / tickMs) * tickMs
    if (wakeAt >= this.#timerAt || wakeAt === Infinity) return
    this.#cancelTimer?.()
    this.#timerAt = wakeAt
    this.#cancelTimer = this.#clock.after(Math.max(1, Math.ceil(wakeAt - this.#clock.nowMs())), () => this.#pass())
  }
}
