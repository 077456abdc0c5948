import { expect, test } from 'vitest'
import { DepthEstimate } from './depth-estimate.ts'

test('between two counts every job added here is seen at once, per lane', () => {
  const depths = new DepthEstimate()
  depths.counted('p completion', 5)
  depths.added('p completion')
  depths.added('p completion')
  depths.added('p background')
  expect([depths.of('p completion'), depths.of('p background'), depths.of('q completion')]).toEqual([7, 1, 0])
  depths.counted('p completion', 6)
  expect(depths.of('p completion')).toBe(6)
})
