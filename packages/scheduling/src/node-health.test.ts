import { describe, expect, test } from 'vitest'
import { isEjected, nodeAnswered, nodeFailed, unknownHealth } from './node-health.ts'

/** How long a node is out after each of `count` failures, each as soon as it was let in again, ms. */
const timesOut = (count: number): number[] => {
  let health = unknownHealth()
  let now = 0
  return Array.from({ length: count }, () => {
    health = nodeFailed(health, now)
    const outMs = (health.ejectedUntil ?? now) - now
    now += outMs
    return outMs
  })
}

describe('a node that fails', () => {
  test('is out for 1 s, then twice as long each time it fails again, 30 s at most', () => {
    expect(timesOut(8)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
  })

  test('is in again when its time is over', () => {
    const health = nodeFailed(unknownHealth(), 0)
    expect(isEjected(health, 999)).toBe(true)
    expect(isEjected(health, 1000)).toBe(false)
  })

  test('is out as long for the fifty streams that broke with it as for one', () => {
    let health = unknownHealth()
    for (let stream = 0; stream < 50; stream++) health = nodeFailed(health, stream / 10)
    expect(health.ejectedUntil).toBe(1000)
  })

  test('starts anew after an answer, and keeps when that was', () => {
    const answered = nodeAnswered(nodeFailed(unknownHealth(), 0), 5000)
    expect(isEjected(answered, 5000)).toBe(false)
    expect(nodeFailed(answered, 6000)).toMatchObject({ ejectedUntil: 7000, lastOkAt: 5000 })
  })
})

test('a node that nobody asked yet is in', () => {
  expect(isEjected(unknownHealth(), 0)).toBe(false)
})
