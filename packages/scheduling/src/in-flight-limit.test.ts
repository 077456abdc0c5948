import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { initialLimit, targetKept, targetMissed } from './in-flight-limit.ts'
import type { InFlightLimit } from './in-flight-limit.ts'

/** A node that keeps its target up to `size` in flight: where the limit settles after so many answers. */
const settle = (size: number, ceiling: number, answers: number): number[] => {
  let limit = initialLimit(ceiling)
  return Array.from({ length: answers }, (_, n) => {
    const inFlight = Math.floor(limit.limit)
    const now = n * 50
    limit =
      inFlight > size
        ? targetMissed(limit, { inFlight, ceiling, tookMs: 100, now })
        : targetKept(limit, { inFlight, ceiling })
    return limit.limit
  })
}

describe('the limit', () => {
  test.each([4, 20, 60, 200])('finds a node that can take %i, and stays near', (size) => {
    const late = settle(size, 1000, 3000).slice(-1000)
    expect(Math.max(...late)).toBeLessThanOrEqual(size + 2)
    expect(Math.min(...late)).toBeGreaterThanOrEqual(Math.floor(size * 0.8) - 1)
  })

  test('never leaves 1 and the ceiling, whatever happens', () => {
    const step = fc.record({ missed: fc.boolean(), inFlight: fc.nat(300), ms: fc.nat(2000) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 100 }), (steps, ceiling) => {
        let limit: InFlightLimit = initialLimit(ceiling)
        let now = 0
        for (const { missed, inFlight, ms } of steps) {
          now += ms
          limit = missed
            ? targetMissed(limit, { inFlight, ceiling, tookMs: ms, now })
            : targetKept(limit, { inFlight, ceiling })
          expect(limit.limit).toBeGreaterThanOrEqual(1)
          expect(limit.limit).toBeLessThanOrEqual(ceiling)
        }
      }),
    )
  })

  test('does not grow while nobody needs it', () => {
    const idle = targetKept(initialLimit(64), { inFlight: 3, ceiling: 64 })
    expect(idle.limit).toBe(initialLimit(64).limit)
  })

  test('shrinks once for the fifty answers that were late together', () => {
    let limit = initialLimit(64)
    for (let n = 0; n < 50; n++) limit = targetMissed(limit, { inFlight: 32, ceiling: 64, tookMs: 2000, now: n })
    expect(limit.limit).toBeCloseTo(28.8)
  })

  test('follows a ceiling that the configuration lowers', () => {
    expect(targetKept(initialLimit(64), { inFlight: 0, ceiling: 8 }).limit).toBe(8)
  })
})
