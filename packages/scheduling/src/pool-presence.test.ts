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

describe('the throughput of a pool', () => {
  const node = (name: string, over: object = {}) => ({
    node: name,
    state: 'up' as const,
    inFlight: 1,
    prefillTokens: 0,
    limit: 4,
    lastOkAgoMs: null,
    ...over,
  })
  const rate = (runsPerS: number, serviceMs: number) => ({ lane: 'completion' as const, runsPerS, serviceMs })
  const serving = (worker: string, nodes: ReturnType<typeof node>[], rates = [rate(1, 100)], over = {}) =>
    beat(worker, { pools: [{ pool: 'p', room: 3, nodes, rates }], ...over })

  test('adds up what its present workers may take, and weighs their times by their rates', () => {
    const presence = new PoolPresence(0)
    presence.heard(serving('a', [node('n'), node('m', { state: 'ejected' })], [rate(3, 100)]), 0)
    presence.heard(serving('b', [node('n')], [rate(1, 500)]), 0)
    presence.nextTaker('p', 0)
    const { lanes, ...sums } = presence.throughput('p', 0)
    expect(sums).toEqual({ slots: 8, freeSlots: 5, fullShare: 0, inFlight: 3, nodesUp: 1 })
    expect(lanes[0]?.runsPerS).toBeCloseTo(4)
    expect(lanes[0]?.serviceMs).toBeCloseTo(200)
  })

  test('was full as far as no worker had room lately', () => {
    const presence = new PoolPresence(0)
    const say = (worker: string, room: number, at: number) =>
      presence.heard(beat(worker, { pools: [{ pool: 'p', room, nodes: [] }] }), at)
    const fullShare = (now: number) => presence.throughput('p', now).fullShare
    for (let at = 0; at <= 5000; at += 500) {
      say('a', 0, at)
      say('b', 1, at)
    }
    expect(fullShare(5000)).toBe(0)
    for (let at = 5500; at <= 10_000; at += 500) for (const worker of ['a', 'b']) say(worker, 0, at)
    expect(fullShare(10_000)).toBeGreaterThan(0.95)
    say('a', 3, 11_000)
    expect(fullShare(11_000)).toBeLessThan(0.5)
  })

  test('counts no room of a worker that drains, is silent or serves another pool', () => {
    const presence = new PoolPresence(0)
    presence.heard(serving('a', [node('n')]), 0)
    presence.heard(serving('b', [node('n')], [], { draining: true }), 3000)
    presence.heard(beat('c', { pool: 'q' }), 3000)
    expect(presence.throughput('p', 3000)).toMatchObject({ slots: 0, freeSlots: 0, inFlight: 1, nodesUp: 0, lanes: [] })
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
