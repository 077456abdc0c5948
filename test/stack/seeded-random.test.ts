import { expect, test } from 'vitest'
import { seededRandom } from './seeded-random.ts'

const draw = (seed: number, count: number): number[] => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => random.next())
}

test('the same seed gives the same numbers, another seed others', () => {
  expect(draw(7, 100)).toEqual(draw(7, 100))
  expect(draw(8, 100)).not.toEqual(draw(7, 100))
})

test('numbers spread evenly over their range', () => {
  const numbers = draw(1, 100_000)
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...numbers)).toBeLessThan(1)
  expect(numbers.reduce((sum, number) => sum + number, 0) / numbers.length).toBeCloseTo(0.5, 2)
})

test('whole numbers reach both ends of their range and nothing beyond', () => {
  const random = seededRandom(3)
  const seen = new Set(Array.from({ length: 1000 }, () => random.between(2, 5)))
  expect([...seen].toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5])
})
