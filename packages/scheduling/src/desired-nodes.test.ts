import { describe, expect, test } from 'vitest'
import { DesiredNodes, desiredNodesDefaults, nodesFor } from './desired-nodes.ts'
import type { PoolDemand } from './desired-nodes.ts'

const demand = (over: Partial<PoolDemand> = {}): PoolDemand => ({
  running: 0,
  queued: 0,
  slotsPerNode: 10,
  serviceMs: 2000,
  ...over,
})
const need = (over: Partial<PoolDemand>): number => nodesFor(demand(over), desiredNodesDefaults)

/** Desired sizes, once a second, under a demand that changes with time. */
const series = (seconds: number, at: (second: number) => PoolDemand): number[] => {
  const desired = new DesiredNodes()
  return Array.from({ length: seconds }, (_, second) => desired.update(at(second), second * 1000))
}
const changes = (sizes: readonly number[]): number => sizes.filter((size, n) => n > 0 && size !== sizes[n - 1]).length

describe('the need of an instant', () => {
  test('keeps the runs under way at the target saturation', () => {
    expect(need({ running: 8 })).toBe(1)
    expect(need({ running: 16 })).toBe(2)
  })

  test('works a backlog of short runs off in time, and gives each long run a slot', () => {
    expect(need({ running: 10, queued: 100, serviceMs: 2000 })).toBe(3)
    expect(need({ running: 10, queued: 100, serviceMs: 60_000 })).toBeCloseTo(110 / 8)
    expect(need({ queued: 8, serviceMs: null })).toBe(1)
  })
})

describe('the desired size', () => {
  test('grows within a minute of a load that grew, and shrinks five minutes after it fell', () => {
    const sizes = series(1000, (second) => demand({ running: second < 100 ? 8 : second < 400 ? 40 : 8 }))
    expect(sizes[50]).toBe(1)
    expect(sizes[160]).toBe(5)
    expect(sizes[650]).toBe(5)
    expect(sizes.at(-1)).toBe(1)
  })

  test('does not flap: at most two changes in ten minutes of noise', () => {
    let seed = 3
    const noise = (): number => ((seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5) * 12
    const sizes = series(660, () => demand({ running: Math.max(0, 20 + noise()) }))
    expect(changes(sizes.slice(60))).toBeLessThanOrEqual(2)
    expect(new Set(sizes.slice(60)).size).toBeLessThanOrEqual(2)
  })

  test('asks for a first node at the first request, and for none after five idle minutes', () => {
    const sizes = series(400, (second) => demand({ queued: second === 10 ? 1 : 0 }))
    expect(sizes[9]).toBe(0)
    expect(sizes[10]).toBe(1)
    expect(sizes[300]).toBe(1)
    expect(sizes.at(-1)).toBe(0)
  })
})
