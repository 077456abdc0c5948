import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nodeShare } from './node-share.ts'

const workers = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 40 })

test('the shares of all workers fill the limit exactly, or give each worker one', () => {
  fc.assert(
    fc.property(workers, fc.integer({ min: 1, max: 4096 }), (ids, limit) => {
      const shares = ids.map((self) => nodeShare(limit, ids, self))
      const sum = shares.reduce((a, b) => a + b, 0)
      expect(sum).toBe(Math.max(limit, ids.length))
      expect(Math.min(...shares)).toBeGreaterThanOrEqual(1)
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
    }),
  )
})

test('a worker that has not heard its own beat counts itself, and nobody counts twice', () => {
  expect(nodeShare(10, ['b'], 'a')).toBe(5)
  expect(nodeShare(10, ['a', 'b', 'b'], 'a')).toBe(5)
  expect(nodeShare(10, [], 'a')).toBe(10)
})

test('the order in which beats came does not matter', () => {
  expect(nodeShare(3, ['b', 'a'], 'a')).toBe(2)
  expect(nodeShare(3, ['a', 'b'], 'a')).toBe(2)
})
