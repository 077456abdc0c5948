import { expect, test } from 'vitest'
import { jainIndex } from './fairness.ts'

test('the index is 1 when all got the same part, and one over their number when one got everything', () => {
  expect(jainIndex([0.5, 0.5, 0.5])).toBe(1)
  expect(jainIndex([1, 0, 0, 0])).toBe(0.25)
  expect(jainIndex([0, 0])).toBe(0)
})
