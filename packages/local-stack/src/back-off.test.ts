import { expect, test } from 'vitest'
import { nextWaitMs } from './back-off.ts'

const limits = { initialMs: 100, maxMs: 5000 }

test('waits double with each quick death, up to the maximum', () => {
  const waits: number[] = []
  for (let wait: number | null = null; waits.length < 8;) waits.push((wait = nextWaitMs(wait, 50, limits)))
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000])
})

test('a process that lived for ten seconds starts again quickly', () => {
  expect(nextWaitMs(5000, 9_999, limits)).toBe(5000)
  expect(nextWaitMs(5000, 10_000, limits)).toBe(100)
})
