import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aheadMaxWithin, expectedWaitMs } from './expected-wait.ts'
import type { LaneLoad, PoolLoad } from './expected-wait.ts'

const lane = (name: string, over: Partial<LaneLoad> = {}): LaneLoad => ({
  lane: name,
  waiting: 0,
  runsPerS: 0,
  serviceMs: 1000,
  minimumShare: 0,
  refusedShare: 0,
  ...over,
})
const pool = (over: Partial<PoolLoad> = {}): PoolLoad => ({
  slots: 10,
  freeSlots: 0,
  fullShare: 1,
  lanes: [lane('high'), lane('low')],
  ...over,
})

describe('the expected wait', () => {
  test('is none while slots are free for all who come first', () => {
    expect(expectedWaitMs(pool({ freeSlots: 3 }), 'high', 2)).toBe(0)
    expect(expectedWaitMs(pool({ freeSlots: 3 }), 'high', 3)).toBeGreaterThan(0)
  })

  test('is what stands before a job at the rate of the slots while nothing shows a lower one: 20 jobs of a second on 10 slots are 2 s', () => {
    expect(expectedWaitMs(pool({ fullShare: 0 }), 'high', 19)).toBeCloseTo(2000)
  })

  test('goes by the starts of a pool that was full, whatever its slots promise', () => {
    const lanes = [lane('high', { runsPerS: 200 }), lane('low')]
    expect(expectedWaitMs(pool({ slots: 10_000, fullShare: 0, lanes }), 'high', 399)).toBeCloseTo(40)
    expect(expectedWaitMs(pool({ slots: 10_000, lanes }), 'high', 399)).toBeGreaterThan(1500)
  })

  test('of a lower lane counts what waits above, and what is asked for above', () => {
    const lanes = [lane('high', { waiting: 10, runsPerS: 5 }), lane('low', { runsPerS: 5 })]
    expect(expectedWaitMs(pool({ lanes }), 'low', 9)).toBe((1000 * 20) / 5)
    expect(expectedWaitMs(pool({ lanes }), 'high', 9)).toBe(1000)
  })

  test('of a lower lane has no end while a lane above is refused more than is left', () => {
    const lanes = [lane('high', { runsPerS: 5, refusedShare: 0.5 }), lane('low', { waiting: 1, runsPerS: 5 })]
    expect(expectedWaitMs(pool({ lanes }), 'low', 0)).toBeGreaterThan(60_000)
    expect(expectedWaitMs(pool({ lanes }), 'high', 0)).toBe(100)
  })

  test('of a lower lane is bounded by its minimum share, however much the lanes above want', () => {
    const lanes = [lane('high', { waiting: 1000, runsPerS: 10 }), lane('low', { minimumShare: 0.1 })]
    expect(expectedWaitMs(pool({ lanes }), 'low', 4)).toBe(5000)
  })

  test('is guessed until something was measured, and unknown without slots', () => {
    const lanes = [lane('high', { serviceMs: null }), lane('low', { serviceMs: null })]
    expect(expectedWaitMs(pool({ lanes }), 'high', 19)).toBeCloseTo(2000)
    expect(expectedWaitMs(pool({ slots: 0 }), 'low', 0)).toBeNull()
    expect(aheadMaxWithin(pool({ slots: 0 }), 'low', 1000)).toBe(Infinity)
  })
})

test('of a lane with a minimum share one may always wait: its turn comes', () => {
  const lanes = [lane('high', { waiting: 1000, runsPerS: 10 }), lane('low', { minimumShare: 0.01 }), lane('lowest')]
  expect(aheadMaxWithin(pool({ lanes }), 'low', 10)).toBe(0)
  expect(aheadMaxWithin(pool({ lanes }), 'lowest', 10)).toBe(-1)
})

const someLane = (name: string) =>
  fc.record({
    lane: fc.constant(name),
    waiting: fc.nat(50),
    runsPerS: fc.double({ min: 0, max: 30, noNaN: true }),
    serviceMs: fc.option(fc.integer({ min: 1, max: 5000 })),
    minimumShare: fc.double({ min: 0, max: 0.3, noNaN: true }),
    refusedShare: fc.double({ min: 0, max: 1, noNaN: true }),
  })
const somePool = fc.record({
  slots: fc.integer({ min: 1, max: 100 }),
  freeSlots: fc.nat(10),
  fullShare: fc.double({ min: 0, max: 1, noNaN: true }),
  lanes: fc.tuple(someLane('a'), someLane('b'), someLane('c')),
})

test('whoever is let in behind others is expected to start in time, and the next one would not be', () => {
  fc.assert(
    fc.property(
      somePool,
      fc.constantFrom('a', 'b', 'c'),
      fc.integer({ min: 100, max: 50_000 }),
      (load, name, waitMs) => {
        const aheadMax = aheadMaxWithin(load, name, waitMs)
        if (aheadMax > 0) expect(expectedWaitMs(load, name, aheadMax)).toBeLessThanOrEqual(waitMs * 1.0001)
        expect(expectedWaitMs(load, name, aheadMax + 2)).toBeGreaterThanOrEqual(waitMs * 0.9999)
      },
    ),
  )
})

test('a lane is refused before any lane above it that asks for the same', () => {
  fc.assert(
    fc.property(somePool, fc.integer({ min: 100, max: 50_000 }), (load, waitMs) => {
      const lanes = load.lanes.map((each) => ({ ...each, minimumShare: 0 }))
      const [a, b, c] = ['a', 'b', 'c'].map((name) => aheadMaxWithin({ ...load, lanes }, name, waitMs)) as [
        number,
        number,
        number,
      ]
      expect(a).toBeGreaterThanOrEqual(b)
      expect(b).toBeGreaterThanOrEqual(c)
    }),
  )
})
