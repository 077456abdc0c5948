import { expect, test } from 'vitest'
import { LatencyRecorder, difference, median, medianOverRounds } from './latency.ts'

const record = (spans: number[]): LatencyRecorder => {
  const recorder = new LatencyRecorder()
  for (const span of spans) recorder.record(span)
  return recorder
}

test('percentiles are within a thousandth of the exact ones', () => {
  const { p50, p95, p99 } = record(Array.from({ length: 1000 }, (_, index) => index + 1)).percentiles()
  expect(Math.abs(p50 - 500)).toBeLessThan(1)
  expect(Math.abs(p95 - 950)).toBeLessThan(1)
  expect(Math.abs(p99 - 990)).toBeLessThan(1)
})

test('spans below a millisecond are told apart, absurd ones are kept within bounds', () => {
  expect(record([0.25]).percentiles().p50).toBeCloseTo(0.25, 2)
  expect(record([-1]).maxMs).toBe(0)
  expect(record([1e9]).maxMs).toBeGreaterThan(100_000)
})

test('a median of an even number of values lies between the middle ones', () => {
  expect(median([4, 1, 3])).toBe(3)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(() => median([])).toThrow(/no values/)
})

test('one disturbed round of three does not decide', () => {
  const rounds = [1, 100, 2].map((ms) => ({ p50: ms, p95: ms, p99: ms }))
  expect(medianOverRounds(rounds)).toEqual({ p50: 2, p95: 2, p99: 2 })
})

test('what is added is the difference at the same percentile', () => {
  expect(difference({ p50: 23.1, p95: 30, p99: 41 }, { p50: 20.9, p95: 29, p99: 35 })).toEqual({
    p50: 2.2,
    p95: 1,
    p99: 6,
  })
})
