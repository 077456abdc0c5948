import { expect, test } from 'vitest'
import { EngineRun } from '../../test/engine-run.ts'
import { defaultFrontEndCost } from './front-end.ts'

test('a frozen engine makes no step and goes on where it was', () => {
  const [plain, frozen] = [new EngineRun(), new EngineRun()]
  const undisturbed = plain.play({ outputTokens: 20 })
  const { trace } = frozen.submit({ outputTokens: 20 })
  frozen.clock.run(50)
  frozen.engine.freeze()
  const made = trace.outputTokens
  frozen.clock.run(2050)
  expect(trace.outputTokens).toBe(made)
  frozen.engine.thaw()
  frozen.clock.run()
  expect(trace.endedAt).toBeCloseTo((undisturbed.endedAt ?? 0) + 2000, 6)
})

test('a slow engine takes so many times as long for each step', () => {
  const run = new EngineRun()
  const [fast, slow] = [1, 4].map((factor) => {
    run.engine.setSlowFactor(factor)
    const trace = run.play({ outputTokens: 50 })
    return (trace.lastTokenAt ?? 0) - (trace.firstTokenAt ?? 0)
  })
  expect((slow ?? 0) / (fast ?? 1)).toBeCloseTo(4, 6)
})

test('paused, it keeps running sequences still, lets them finish or drops them, and lets new ones wait', () => {
  const outcomes = (['keep', 'wait', 'abort'] as const).map((mode) => {
    const run = new EngineRun()
    const running = run.submit({ outputTokens: 50 })
    run.clock.run(50)
    run.engine.pause(mode)
    const arriving = run.submit()
    run.clock.run()
    const paused = [running.trace.outcome, arriving.trace.outcome]
    run.engine.resume()
    run.clock.run()
    return [...paused, running.trace.outcome, arriving.trace.outcome]
  })
  expect(outcomes).toEqual([
    ['running', 'waiting', 'finished', 'finished'],
    ['finished', 'waiting', 'finished', 'finished'],
    ['aborted', 'waiting', 'aborted', 'finished'],
  ])
})

test('after a crash everything under way is lost, the cache is cold and the counters are new', () => {
  const run = new EngineRun()
  const ends: string[] = []
  const prompt = { promptTokens: 64, parts: [1, 2, 3, 4] }
  run.play(prompt)
  const { trace } = run.submit({ ...prompt, outputTokens: 50, onEnd: (cause) => ends.push(cause) })
  run.clock.run(run.clock.nowMs() + 50)
  run.engine.crash()
  expect(ends).toEqual(['crashed'])
  expect(trace).toMatchObject({ outcome: 'crashed', cachedTokens: 48 })
  expect(run.engine.counters()).toMatchObject({ steps: 0, outputTokens: 0 })
  expect(run.play(prompt)).toMatchObject({ outcome: 'finished', cachedTokens: 0 })
})

test('the front end’s work comes before the queue and grows with the prompt', () => {
  const run = new EngineRun({ frontEnd: defaultFrontEndCost })
  const { trace } = run.submit({ promptTokens: 1000 })
  run.clock.run()
  expect([trace.arrivedAt, trace.queuedAt, trace.admittedAt]).toEqual([0, 9, 9])
})

test('jitter spreads step times about the modelled one, the same way for the same seed', () => {
  const total = (seed: number, jitterSigma = 0.03): number =>
    new EngineRun({ jitterSigma, seed }).play({ outputTokens: 2000 }).endedAt ?? 0
  expect(total(7)).toBe(total(7))
  expect(total(7)).not.toBe(total(8))
  expect(total(7) / total(7, 0)).toBeCloseTo(1, 2)
})
