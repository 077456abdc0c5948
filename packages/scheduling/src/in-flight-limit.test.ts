import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { initialLimit, targetKept, targetMissed } from './in-flight-limit.ts'
import type { InFlightLimit } from './in-flight-limit.ts'
import { laneTargets } from './lane-target.ts'
import { NodeControl } from './node-control.ts'

/** A node that keeps its target up to `size` in flight: where the limit settles after so many answers. */
const settle = (size: number, ceiling: number, answers: number): number[] => {
  let limit = initialLimit(ceiling)
  return Array.from({ length: answers }, (_, n) => {
    const inFlight = Math.floor(limit.limit)
    const now = n * 50
    limit =
      inFlight > size
        ? targetMissed(limit, { inFlight, ceiling, tookMs: 100, now })
        : targetKept(limit, { inFlight, ceiling, workers: 1 })
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
            : targetKept(limit, { inFlight, ceiling, workers: 1 })
          expect(limit.limit).toBeGreaterThanOrEqual(1)
          expect(limit.limit).toBeLessThanOrEqual(ceiling)
        }
      }),
    )
  })

  test('does not grow while nobody needs it', () => {
    const idle = targetKept(initialLimit(64), { inFlight: 3, ceiling: 64, workers: 1 })
    expect(idle.limit).toBe(initialLimit(64).limit)
  })

  test('shrinks once for the fifty answers that were late together', () => {
    let limit = initialLimit(64)
    for (let n = 0; n < 50; n++) limit = targetMissed(limit, { inFlight: 32, ceiling: 64, tookMs: 2000, now: n })
    expect(limit.limit).toBeCloseTo(28.8)
  })

  test('follows a ceiling that the configuration lowers', () => {
    expect(targetKept(initialLimit(64), { inFlight: 0, ceiling: 8, workers: 1 }).limit).toBe(8)
  })

  test.each([1, 2, 8])('keeps up with streams that only begin, shared by %i workers', (workers) => {
    const ceiling = 1000
    const each = Array.from({ length: workers }, () => ({ control: new NodeControl(), own: 0 }))
    // Each round every worker starts what its part allows, and sees those streams begin well.
    for (let round = 0; round < 120; round++)
      for (const worker of each) {
        const begun = Math.max(0, Math.floor(worker.control.limit(ceiling) / workers) - worker.own)
        worker.own += begun
        const facts = { ownInFlight: worker.own, othersInFlight: 0, workers, ceiling, targets: laneTargets, now: round }
        for (let one = 0; one < begun; one++)
          worker.control.observe({ kind: 'first-token', lane: 'interactive', tookMs: 50, tokens: 200 }, facts)
      }
    expect(each.reduce((sum, { own }) => sum + own, 0)).toBeGreaterThan(ceiling * 0.95)
  })
})
