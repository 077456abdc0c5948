import { expect, test } from 'vitest'
import { RefusalShares } from './refusal-shares.ts'

test('the part that is refused is known by lane, follows what it becomes, and is forgotten', () => {
  const shares = new RefusalShares()
  expect(shares.of('a', 0)).toBe(0)
  for (let now = 0; now < 20_000; now += 100) shares.asked('a', now % 300 > 0, now)
  expect(shares.of('a', 20_000)).toBeCloseTo(2 / 3, 1)
  expect(shares.of('b', 20_000)).toBe(0)
  for (let now = 20_000; now < 30_000; now += 100) shares.asked('a', false, now)
  expect(shares.of('a', 30_000)).toBeLessThan(0.1)
  expect(shares.of('a', 90_000)).toBeLessThan(0.001)
})
