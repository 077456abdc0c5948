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
  ...over,
})
const pool = (over: Partial<PoolLoad> = {}): PoolLoad => ({
  slots: 10,
  freeSlots: 0,
  lanes: [lane('high'), lane('low')],
  ...over,
})

describe('the expected wait', () => {
  test('is none while slots are free for all who come first', () => {
    expect(expectedWaitMs(pool({ freeSlots: 3 }), 'high', 2)).toBe(0)
    expect(expectedWaitMs(pool({ freeSlots: 3 }), 'high', 3)).toBeGreaterThan(0)
  })

  test('is the work before a job over the slots: 19 jobs of a second before it on 10 slots are 2 s', () => {
    expect(expectedWaitMs(pool(), 'high', 19)).toBe(2000)
  })

  test('of a lower lane counts what waits above, and what newcomers above will take', () => {
    const busy = pool({ lanes: [lane('high', { waiting: 10, runsPerS: 5 }), lane('low')] })
    expect(expectedWaitMs(busy, 'low', 9)).toBe((10_000 + 10_000) / 5)
    expect(expectedWaitMs(busy, 'high', 9)).toBe(1000)
  })

  test('of a lower lane is bounded by its minimum share, however much the lanes above want', () => {
    const lanes = [lane('high', { waiting: 1000, runsPerS: 10 }), lane('low', { minimumShare: 0.1 })]
    expect(expectedWaitMs(pool({ lanes }), 'low', 4)).toBe(5000)
  })

  test('is unknown until something was measured, or without slots', () => {
    const lanes = [lane('high', { serviceMs: null }), lane('low', { serviceMs: null })]
    expect(expectedWaitMs(pool({ lanes }), 'low', 0)).toBeNull()
    expect(expectedWaitMs(pool({ slots: 0 }), 'low', 0)).toBeNull()
    expect(aheadMaxWithin(pool({ lanes }), 'low', 1000)).toBe(Infinity)
  })
})

const someLane = (name: string) =>
  fc.record({
    lane: fc.constant(name),
    waiting: fc.nat(50),
    runsPerS: fc.double({ min: 0, max: 30, noNaN: true }),
    serviceMs: fc.integer({ min: 1, max: 5000 }),
    minimumShare: fc.double({ min: 0, max: 0.5, noNaN: true }),
  })
const somePool = fc.record({
  slots: fc.integer({ min: 1, max: 100 }),
  freeSlots: fc.nat(10),
  lanes: fc.tuple(someLane('a'), someLane('b'), someLane('c')),
})

test('whoever is let in is expected to start in time, and the next one would not be', () => {
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
      const lanes = load.lanes.map((each) => ({ ...each, serviceMs: 1000, minimumShare: 0 }))
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
