import { describe, expect, test } from 'vitest'
import {
  isEjected,
  isProbeDue,
  nodeAnswered,
  nodeFailed,
  nodeOverloaded,
  probeFailed,
  unknownHealth,
} from './node-health.ts'

describe('a node that fails', () => {
  test('is out until a probe succeeds, however long that takes', () => {
    const health = nodeFailed(unknownHealth(), 0)
    expect(isEjected(health, 1_000_000)).toBe(true)
    expect(isEjected(nodeAnswered(health, 1_000_001), 1_000_001)).toBe(false)
  })

  test('is probed after 1 s, then after twice as long each time a probe fails, 10 s at most', () => {
    let health = nodeFailed(unknownHealth(), 0)
    let now = 0
    const waits = Array.from({ length: 6 }, () => {
      const waitMs = (health.probeAt ?? now) - now
      expect(isProbeDue(health, now + waitMs - 1)).toBe(false)
      expect(isProbeDue(health, now + waitMs)).toBe(true)
      now += waitMs
      health = probeFailed(health, now)
      return waitMs
    })
    expect(waits).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000])
  })

  test('is out as long for the fifty streams that broke with it as for one', () => {
    let health = unknownHealth()
    for (let stream = 0; stream < 50; stream++) health = nodeFailed(health, stream / 10)
    expect(health.probeAt).toBe(1000)
  })

  test('starts anew after an answer, and keeps when that was', () => {
    const answered = nodeAnswered(nodeFailed(unknownHealth(), 0), 5000)
    expect(nodeFailed(answered, 6000)).toMatchObject({ probeAt: 7000, lastOkAt: 5000 })
  })
})

test('a node with too much to do rests for a moment and comes back without a probe', () => {
  const health = nodeOverloaded(unknownHealth(), 0)
  expect(isEjected(health, 199)).toBe(true)
  expect(isEjected(health, 200)).toBe(false)
  expect(isProbeDue(health, 200)).toBe(false)
})

test('a node that sleeps is out although it answers', () => {
  expect(isEjected(nodeAnswered({ ...unknownHealth(), unfit: 'asleep' }, 0), 0)).toBe(true)
})

test('a node that nobody asked yet is in', () => {
  expect(isEjected(unknownHealth(), 0)).toBe(false)
})
