import { expect, test } from 'vitest'
import type { Clock } from './clock.ts'
import type { Sequence, StepResult } from './engine.ts'
import { TimingEngine } from './timing-engine.ts'

/** A clock that only `run` moves, with timers that fire late by `lateMs`. */
class ManualClock implements Clock {
  #now = 1000
  #timers: { at: number; run: () => void }[] = []
  readonly #lateMs: number

  constructor(lateMs = 0) {
    this.#lateMs = lateMs
  }

  nowMs(): number {
    return this.#now
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#now + delayMs + this.#lateMs, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  run(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== due)
      this.#now = due.at
      due.run()
    }
    this.#now = end
  }
}

class Recorder implements Sequence {
  readonly promptTokens = 10
  readonly stepsAt: number[] = []
  flushes = 0
  readonly #clock: Clock
  readonly #length: number
  readonly #pause: { before: number; delayMs: number } | undefined
  #paused = false

  constructor(clock: Clock, length: number, pause?: { before: number; delayMs: number }) {
    this.#clock = clock
    this.#length = length
    this.#pause = pause
  }

  step(): StepResult {
    if (this.#pause !== undefined && !this.#paused && this.stepsAt.length === this.#pause.before) {
      this.#paused = true
      return { delayMs: this.#pause.delayMs }
    }
    this.stepsAt.push(this.#clock.nowMs() - 1000)
    return this.stepsAt.length < this.#length ? 'more' : 'done'
  }

  flush(): void {
    this.flushes++
  }
}

const settings = { ttftMs: 20, itlMs: 10, sequencesMax: 2, kvCacheTokens: 1000 }

test('the first token comes after the first-token time, the others one gap apart', () => {
  const clock = new ManualClock()
  const engine = new TimingEngine(settings, { clock })
  const sequence = new Recorder(clock, 4)
  engine.submit(sequence)
  clock.run(100)
  expect(sequence.stepsAt).toEqual([20, 30, 40, 50])
  expect(engine.load()).toMatchObject({ running: 0, waiting: 0, kvCacheUsageRatio: 0 })
})

test('late timers do not add up', () => {
  const clock = new ManualClock(3)
  const engine = new TimingEngine(settings, { clock })
  const sequence = new Recorder(clock, 201)
  engine.submit(sequence)
  clock.run(2100)
  expect(sequence.stepsAt.length).toBe(201)
  expect(sequence.stepsAt.at(-1)).toBeLessThanOrEqual(20 + 200 * 10 + 5)
})

test('a full engine lets others wait in order of arrival and admits as room comes free', () => {
  const clock = new ManualClock()
  const engine = new TimingEngine(settings, { clock })
  const [first, second, third, fourth] = [3, 9, 1, 1].map((length) => new Recorder(clock, length))
  for (const sequence of [first, second, third, fourth]) engine.submit(sequence as Sequence)
  expect(engine.load()).toMatchObject({ running: 2, waiting: 2 })
  clock.run(300)
  expect(third?.stepsAt).toEqual([60])
  expect(fourth?.stepsAt).toEqual([80])
})

test('a removed sequence takes no further step and its room goes to the next', () => {
  const clock = new ManualClock()
  const engine = new TimingEngine({ ...settings, sequencesMax: 1 }, { clock })
  const running = new Recorder(clock, 100)
  const next = new Recorder(clock, 1)
  const waiting = new Recorder(clock, 1)
  for (const sequence of [running, next, waiting]) engine.submit(sequence)
  clock.run(25)
  engine.remove(running)
  engine.remove(waiting)
  clock.run(100)
  expect(running.stepsAt).toEqual([20])
  expect(next.stepsAt).toEqual([46])
  expect(waiting.stepsAt).toEqual([])
})

test('a paused sequence goes on after its pause, and one that hangs holds its room for ever', () => {
  const clock = new ManualClock()
  const engine = new TimingEngine(settings, { clock })
  const stalled = new Recorder(clock, 3, { before: 1, delayMs: 500 })
  const hung = new Recorder(clock, 3, { before: 2, delayMs: Infinity })
  engine.submit(stalled)
  engine.submit(hung)
  clock.run(5000)
  expect(stalled.stepsAt).toEqual([20, 530, 540])
  expect(hung.stepsAt).toEqual([20, 30])
  expect(engine.load().running).toBe(1)
})

test('changed timing holds from the next token on', () => {
  const clock = new ManualClock()
  const engine = new TimingEngine(settings, { clock })
  const sequence = new Recorder(clock, 4)
  engine.submit(sequence)
  clock.run(25)
  engine.configure({ itlMs: 100 })
  clock.run(1000)
  expect(sequence.stepsAt).toEqual([20, 30, 130, 230])
})

test('without any waiting time tokens come in bursts, not in one endless pass', () => {
  const clock = new ManualClock()
  const engine = new TimingEngine({ ...settings, ttftMs: 0, itlMs: 0 }, { clock })
  const sequence = new Recorder(clock, 1000)
  engine.submit(sequence)
  clock.run(100)
  expect(sequence.stepsAt.length).toBe(1000)
  expect(sequence.flushes).toBeGreaterThan(10)
})

test('a frozen engine and one paused with `keep` stand still, and go on where they were', () => {
  const clock = new ManualClock()
  const engine = new TimingEngine(settings, { clock })
  const sequence = new Recorder(clock, 4)
  engine.submit(sequence)
  clock.run(25)
  engine.freeze()
  clock.run(1000)
  engine.thaw()
  clock.run(10)
  engine.pause('keep')
  clock.run(1000)
  engine.resume()
  clock.run(100)
  expect(sequence.stepsAt).toEqual([20, 1030, 2040, 2050])
})

test('paused with `wait`, running sequences finish and new ones wait until the engine goes on', () => {
  const clock = new ManualClock()
  const engine = new TimingEngine(settings, { clock })
  const running = new Recorder(clock, 2)
  const late = new Recorder(clock, 1)
  engine.submit(running)
  engine.pause('wait')
  engine.submit(late)
  clock.run(1000)
  expect([running.stepsAt, late.stepsAt]).toEqual([[20, 30], []])
  engine.resume()
  clock.run(1000)
  expect(late.stepsAt).toEqual([1020])
})

test('a crash and a pause with `abort` drop everything under way, and the trace says what was wasted', () => {
  const clock = new ManualClock()
  const engine = new TimingEngine({ ...settings, sequencesMax: 1 }, { clock })
  const traces = [9, 9].map((length) => engine.submit(new Recorder(clock, length)))
  clock.run(35)
  engine.pause('abort')
  expect(traces).toMatchObject([
    { outcome: 'aborted', outputTokens: 2, wastedTokens: 2, firstTokenAt: 1020 },
    { outcome: 'aborted', outputTokens: 0, admittedAt: null },
  ])
  engine.resume()
  const last = engine.submit(new Recorder(clock, 9))
  clock.run(25)
  engine.crash()
  expect(last).toMatchObject({ outcome: 'crashed', wastedTokens: 1 })
  expect(engine.counters().outputTokens).toBe(0)
})
