import { expect, test } from 'vitest'
import { EngineRun } from '../../test/engine-run.ts'

const finished = (runs: readonly { trace: { endedAt: number | null } }[]): (number | null)[] =>
  runs.map(({ trace }) => trace.endedAt)

test('a long prompt is computed in chunks of the budget, and running sequences get their token in each of these steps', () => {
  const run = new EngineRun({ tokensPerStepMax: 256 })
  const talking = run.submit({ outputTokens: 20 })
  run.clock.run(1)
  const long = run.submit({ promptTokens: 1000, outputTokens: 1 })
  run.clock.run()
  // 255 tokens a step beside the one that talks: four steps.
  expect(long.trace.steps).toEqual([[2, 5]])
  expect(talking.trace.steps).toEqual([[1, 20]])
})

test('by order of arrival the first that has no room blocks those behind it', () => {
  const run = new EngineRun({ kvBlocks: 11 })
  const running = run.submit({ promptTokens: 64, outputTokens: 20 })
  run.clock.run(1)
  const [large, small] = [run.submit({ promptTokens: 140 }), run.submit({ promptTokens: 8 })]
  run.clock.run()
  expect(large.trace.admittedAt).toBe(running.trace.endedAt)
  expect(small.trace.admittedAt).toBeGreaterThanOrEqual(large.trace.admittedAt ?? Infinity)
})

test('only a prompt that fits whole is admitted, unless that is turned off', () => {
  const late = (reserveWholePrompt: boolean): boolean => {
    const run = new EngineRun({ kvBlocks: 11, tokensPerStepMax: 32, reserveWholePrompt })
    const running = run.submit({ promptTokens: 30, outputTokens: 90 })
    run.clock.run(20)
    const { trace } = run.submit({ promptTokens: 140 })
    run.clock.run()
    return trace.admittedAt === running.trace.endedAt
  }
  expect([late(true), late(false)]).toEqual([true, false])
})

test('by priority a more urgent arrival passes those that wait, but not those that run', () => {
  const order = (policy: 'fcfs' | 'priority'): number[] => {
    const run = new EngineRun({ sequencesMax: 1, policy })
    const asked = [0, 1, 0, -1].map((priority) => run.submit({ priority }))
    run.clock.run()
    return [0, 1, 2, 3].sort((one, other) => (finished(asked)[one] ?? 0) - (finished(asked)[other] ?? 0))
  }
  expect(order('fcfs')).toEqual([0, 1, 2, 3])
  expect(order('priority')).toEqual([3, 0, 2, 1])
})

test('when memory runs out the youngest starts over first, or the least urgent, and nobody loses a token', () => {
  const preempted = (policy: 'fcfs' | 'priority'): number[] => {
    const run = new EngineRun({ kvBlocks: 17, policy })
    const asked = [5, 0, 0].map((priority) => run.submit({ promptTokens: 64, outputTokens: 100, priority }))
    run.clock.run()
    expect(asked.map(({ trace }) => [trace.outcome, trace.outputTokens])).toEqual(asked.map(() => ['finished', 100]))
    return asked.map(({ trace }) => trace.preemptions)
  }
  const [byArrival, byPriority] = [preempted('fcfs'), preempted('priority')]
  expect(byArrival[0]).toBe(0)
  expect(byArrival[2]).toBeGreaterThan(0)
  expect(byPriority[0]).toBeGreaterThan(0)
  expect(byPriority[1]).toBe(0)
})

test('a sequence without an adapter slot is set aside and those behind it pass', () => {
  const run = new EngineRun({ lorasMax: 1 })
  const first = run.submit({ lora: 'x', outputTokens: 10 })
  const other = run.submit({ lora: 'y' })
  const same = run.submit({ lora: 'x' })
  const plain = run.submit()
  run.clock.run(30)
  expect(run.engine.load()).toMatchObject({ waitingDeferred: 1, waitingForCapacity: 0, lorasWaiting: ['y'] })
  run.clock.run()
  expect([same.trace.admittedAt, plain.trace.admittedAt]).toEqual([first.trace.admittedAt, first.trace.admittedAt])
  expect(other.trace.admittedAt).toBe(first.trace.endedAt)
})

test('gauges keep the values of the last step while one is under way', () => {
  const run = new EngineRun()
  run.submit({ outputTokens: 2 })
  run.submit({ outputTokens: 2 })
  run.clock.run(1)
  expect(run.engine.load()).toMatchObject({ running: 0, waiting: 0 })
  run.clock.run(10)
  expect(run.engine.load()).toMatchObject({ running: 2, waiting: 0 })
  run.clock.run()
  expect(run.engine.load()).toMatchObject({ running: 0, kvCacheUsageRatio: 0 })
})

test('a removed sequence leaves at the end of the step under way, with the token made there wasted', () => {
  const run = new EngineRun()
  const { trace, sequence } = run.submit({ outputTokens: 100 })
  run.clock.run(60)
  const made = trace.outputTokens
  run.engine.remove(sequence)
  expect(trace.outcome).toBe('running')
  const stepEndsAt = run.clock.run()
  expect(trace).toMatchObject({ outcome: 'aborted', outputTokens: made, wastedTokens: made + 1, endedAt: stepEndsAt })
  expect(stepEndsAt).toBeLessThan(67)
})

test('a shrunken cache takes its blocks from running sequences by preemption, and gives them back', () => {
  const run = new EngineRun({ kvBlocks: 100 })
  const asked = [1, 2, 3, 4].map(() => run.submit({ promptTokens: 160, outputTokens: 300 }))
  run.clock.run(100)
  run.engine.setKvRatio(0.31)
  run.clock.run(400)
  expect(run.engine.load()).toMatchObject({ kvBlocks: 31 })
  expect(run.engine.load().running).toBeLessThan(4)
  run.engine.setKvRatio(1)
  run.clock.run()
  expect(run.engine.load()).toMatchObject({ kvBlocks: 100, kvCacheUsageRatio: 0 })
  expect(asked.every(({ trace }) => trace.outcome === 'finished')).toBe(true)
})
