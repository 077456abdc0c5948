import { expect, test } from 'vitest'
import { LineEstimate } from './line-estimate.ts'

test('between two counts every job added here is seen at once, per lane', () => {
  const lines = new LineEstimate()
  const length = { jobs: 5, bytes: 1, tokens: 2, oldestAddedAt: 3 }
  lines.count('p completion', length)
  lines.added('p completion')
  lines.added('p completion')
  lines.added('p background')
  expect(['p completion', 'p background', 'q completion'].map((lane) => lines.jobsIn(lane))).toEqual([7, 1, 0])
  lines.count('p completion', { ...length, jobs: 6 })
  expect(lines.jobsIn('p completion')).toBe(6)
  expect(lines.counted('p completion').tokens).toBe(2)
})
