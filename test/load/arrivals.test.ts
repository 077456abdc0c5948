import { expect, test } from 'vitest'
import { seededRandom } from '../stack/seeded-random.ts'
import { poissonArrivals } from './arrivals.ts'

const arrivals = poissonArrivals(200, 100_000, seededRandom(1))
const gaps = arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? 0))
const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length

test('arrivals keep their rate and their span, in order', () => {
  expect(Math.abs(arrivals.length - 20_000)).toBeLessThan(3 * Math.sqrt(20_000))
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0)
  expect(arrivals.at(-1)).toBeLessThan(100_000)
})

test('gaps are exponential: their deviation equals their mean', () => {
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length
  expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1)
})

test('the same seed gives the same arrivals', () => {
  expect(poissonArrivals(20, 5000, seededRandom(9))).toEqual(poissonArrivals(20, 5000, seededRandom(9)))
})
