import { describe, expect, test } from 'vitest'
import { laneTargets } from './lane-target.ts'
import { NodeControl } from './node-control.ts'
import type { Observation } from './node-control.ts'

const facts = { ownInFlight: 32, othersInFlight: 0, workers: 1, ceiling: 64, targets: laneTargets, now: 0 }
const first = (over: Partial<Extract<Observation, { kind: 'first-token' }>> = {}): Observation => ({
  kind: 'first-token',
  lane: 'interactive',
  tookMs: 100,
  tokens: 1000,
  ...over,
})

describe('a node’s limit', () => {
  test('grows with first tokens in time and shrinks with late ones', () => {
    const control = new NodeControl()
    control.observe(first(), facts)
    expect(control.limit(64)).toBe(33)
    control.observe(first({ tookMs: 9000 }), facts)
    expect(control.limit(64)).toBeLessThan(30)
  })

  test('does not suffer from a long prompt that takes its time', () => {
    const control = new NodeControl()
    control.observe(first({ tokens: 100_000, tookMs: 25_000 }), facts)
    expect(control.limit(64)).toBe(33)
  })

  test('shrinks when answers come slower than the lane wants', () => {
    const control = new NodeControl()
    control.observe({ kind: 'pace', lane: 'completion', itlMs: 61, tookMs: 2000 }, facts)
    expect(control.limit(64)).toBeLessThan(30)
  })

  test('is forgotten with the process it was learned from', () => {
    const control = new NodeControl()
    control.observe(first({ tookMs: 9000 }), facts)
    control.forget()
    expect(control.limit(64)).toBe(32)
  })
})

describe('prompt tokens that may wait', () => {
  const fast = new NodeControl()
  for (let n = 0; n < 50; n++) fast.prefilled({ tokens: 8000, tookMs: 200 })

  test('take half of what the strictest lane in use can wait for', () => {
    fast.observe(first(), facts)
    expect(fast.prefillTokensMax(laneTargets, 0)).toBeCloseTo(50_000, -3)
    fast.observe(first({ lane: 'completion' }), facts)
    expect(fast.prefillTokensMax(laneTargets, 0)).toBeCloseTo(12_000, -3)
    expect(fast.prefillTokensMax(laneTargets, 100_000)).toBeCloseTo(50_000, -3)
  })

  test('are two steps of a large GPU until the node has shown its speed, and then fewer of a slow one', () => {
    const slow = new NodeControl()
    expect(slow.prefillTokensMax(laneTargets, 0)).toBe(16_384)
    slow.prefilled({ tokens: 1000, tookMs: 1000 })
    expect(slow.prefillTokensMax(laneTargets, 0)).toBe(1250)
  })

  test('do not become more because a node was congested', () => {
    const before = fast.prefillTokensMax(laneTargets, 200_000)
    fast.prefilled({ tokens: 8000, tookMs: 20_000 })
    expect(fast.prefillTokensMax(laneTargets, 200_000)).toBeGreaterThan(before * 0.98)
  })
})

test('a first token is overdue after three times the estimate for all that waits before it and 1 s, and may take 4 s more', () => {
  const control = new NodeControl()
  control.prefilled({ tokens: 10_000, tookMs: 1000 })
  expect(control.firstTokenWithinMs(20_000, 10_000)).toEqual({ overdueMs: 3 * 3000 + 1000, withinMs: 3 * 3000 + 5000 })
})
