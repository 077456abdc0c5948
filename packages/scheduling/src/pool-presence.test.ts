import { WorkerId } from '@penstock/contracts'
import type { WorkerBeat } from '@penstock/contracts'
import { describe, expect, test } from 'vitest'
import { PoolPresence } from './pool-presence.ts'

const beat = (worker: string, over: Partial<WorkerBeat> & { nodeUp?: boolean; pool?: string } = {}): WorkerBeat => {
  const { nodeUp = true, pool = 'p', ...rest } = over
  const state = nodeUp ? 'up' : 'ejected'
  return {
    worker: WorkerId.parse(worker),
    instance: `host of ${worker}`,
    draining: false,
    configVersion: 1,
    pools: [
      { pool, room: 1, nodes: [{ node: 'n', state, inFlight: 0, prefillTokens: 0, limit: 1, lastOkAgoMs: null }] },
    ],
    silentRuns: [],
    ...rest,
  }
}

describe('a pool', () => {
  test('is served while a worker beats, gone for a moment when it stops, in outage after 30 s', () => {
    const presence = new PoolPresence(0)
    presence.heard(beat('a'), 100)
    expect(presence.presence('p', 2100)).toBe('serving')
    expect(presence.presence('p', 2101)).toBe('gap')
    expect(presence.presence('p', 30_100)).toBe('gap')
    expect(presence.presence('p', 30_101)).toBe('outage')
  })

  test('that nobody was heard of is a gap first: whoever asks may just have started', () => {
    const presence = new PoolPresence(0)
    expect(presence.presence('p', 0)).toBe('gap')
    expect(presence.presence('p', 30_000)).toBe('outage')
  })

  test('whose nodes are all ejected is not served, however many workers beat', () => {
    const presence = new PoolPresence(0)
    presence.heard(beat('a'), 0)
    for (let at = 500; at <= 31_000; at += 500) presence.heard(beat('a', { nodeUp: false }), at)
    expect(presence.presence('p', 10_000)).toBe('gap')
    expect(presence.presence('p', 31_000)).toBe('outage')
  })

  test('is not served by a worker that drains or serves another pool', () => {
    const presence = new PoolPresence(0)
    presence.heard(beat('a', { draining: true }), 0)
    presence.heard(beat('b', { pool: 'q' }), 0)
    expect(presence.presence('p', 0)).toBe('gap')
    expect(presence.workersOf('p', 0)).toEqual([])
    expect(presence.workersOf('q', 0)).toEqual(['b'])
  })
})

describe('the next job', () => {
  const roomy = (worker: string, room: number, over: Partial<WorkerBeat> = {}) =>
    beat(worker, { pools: [{ pool: 'p', room, nodes: [] }], ...over })

  test('goes to the worker with the most room, what it was asked since its beat taken off', () => {
    const presence = new PoolPresence(0)
    presence.heard(roomy('a', 3), 0)
    presence.heard(roomy('b', 2), 0)
    const takers = Array.from({ length: 6 }, () => presence.nextTaker('p', 0))
    expect(takers.filter((taker) => taker === 'a')).toHaveLength(3)
    expect(takers.filter((taker) => taker === 'b')).toHaveLength(2)
    expect(takers.at(-1)).toBeNull()
    presence.heard(roomy('b', 1), 500)
    expect(presence.nextTaker('p', 500)).toBe('b')
  })

  test('goes to nobody in particular when all drain, are silent, are full or serve another pool', () => {
    const presence = new PoolPresence(0)
    presence.heard(roomy('a', 3), 0)
    presence.heard(roomy('b', 3, { draining: true }), 3000)
    presence.heard(roomy('c', 0), 3000)
    presence.heard(beat('d', { pool: 'q' }), 3000)
    expect(presence.nextTaker('p', 3000)).toBeNull()
  })
})

describe('a worker', () => {
  test('no longer counts after 2 s of silence', () => {
    const presence = new PoolPresence(0)
    presence.heard(beat('a'), 0)
    presence.heard(beat('b'), 1000)
    expect(presence.workersOf('p', 2000).toSorted()).toEqual(['a', 'b'])
    expect(presence.workersOf('p', 2001)).toEqual(['b'])
  })

  test('that came back under its name replaces its former self at once', () => {
    const presence = new PoolPresence(0)
    presence.heard(beat('a', { instance: 'same' }), 0)
    presence.heard(beat('b', { instance: 'same' }), 100)
    expect(presence.workersOf('p', 100)).toEqual(['b'])
  })
})
