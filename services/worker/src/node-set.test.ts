import { ConfigDocument } from '@penstock/config'
import { describe, expect, onTestFinished, test } from 'vitest'
import { NodeSet } from './node-set.ts'
import type { WorkerNode } from './node-set.ts'

const documentOf = (nodes: { name: string; inFlightMax: number; url?: string }[]): ConfigDocument =>
  ConfigDocument.parse({
    nodes: nodes.map((node) => ({ url: `http://${node.name}.test`, ...node })),
    pools: [{ name: 'p', nodes: nodes.map(({ name }) => name) }],
    models: [],
  })

const anyJob = { avoidNodes: [], affinity: [] }

const newSet = (nodes: { name: string; inFlightMax: number }[]) => {
  const clock = { now: 0 }
  const set = new NodeSet(
    () => 'secret',
    () => clock.now,
  )
  set.configure(documentOf(nodes))
  onTestFinished(() => set.close())
  const reserve = (): WorkerNode => set.reserve('p', anyJob, ['self'], 'self')!
  const take = (name: string): WorkerNode => {
    const node = reserve()
    expect(node.config.name).toBe(name)
    return node
  }
  return { set, clock, reserve, take, room: () => set.room('p', ['self'], 'self') }
}

describe('room', () => {
  test('is what the nodes can still take of this worker', () => {
    const { set, reserve, room } = newSet([
      { name: 'a', inFlightMax: 2 },
      { name: 'b', inFlightMax: 3 },
    ])
    expect(room()).toBe(5)
    const held = Array.from({ length: 5 }, reserve)
    expect(room()).toBe(0)
    set.release(held[0]!)
    expect(room()).toBe(1)
    expect(set.room('p', ['self', 'other'], 'self')).toBe(0)
  })

  test('of an ejected node does not count while another node is well: its jobs wait instead of failing there', () => {
    const { set, clock, take, room } = newSet([
      { name: 'a', inFlightMax: 4 },
      { name: 'b', inFlightMax: 1 },
    ])
    const a = set.reserve('p', { avoidNodes: ['b'], affinity: [] }, [], 'self')!
    set.failed(a)
    set.release(a)
    expect(room()).toBe(1)
    take('b')
    expect(room()).toBe(0)
    clock.now += 1000
    expect(room()).toBe(4)
  })

  test('of ejected nodes counts when there is no other: the last one is never given up', () => {
    const { set, reserve, room } = newSet([{ name: 'a', inFlightMax: 4 }])
    const a = reserve()
    set.failed(a)
    set.release(a)
    expect(room()).toBe(4)
    expect(set.othersLeft('p', [])).toBe(false)
  })
})

describe('a node', () => {
  test('that says it is overloaded rests for a moment, and never longer than 5 s', () => {
    const { set, clock, reserve } = newSet([{ name: 'a', inFlightMax: 4 }])
    const a = reserve()
    const restsMs = Array.from({ length: 7 }, () => {
      set.overloaded(a)
      const restMs = a.health.ejectedUntil! - clock.now
      clock.now += restMs
      return restMs
    })
    expect(restsMs).toEqual([200, 400, 800, 1600, 3200, 5000, 5000])
  })

  test('keeps its connections, its health and what is in flight when the configuration changes elsewhere', () => {
    const { set, reserve } = newSet([{ name: 'a', inFlightMax: 4 }])
    const before = reserve()
    set.configure(
      documentOf([
        { name: 'a', inFlightMax: 4 },
        { name: 'b', inFlightMax: 1 },
      ]),
    )
    expect(set.room('p', [], 'self')).toBe(4)
    set.release(before)
    expect(set.room('p', [], 'self')).toBe(5)
  })

  test('whose limit alone changes keeps what it has in flight', () => {
    const { set, reserve } = newSet([{ name: 'a', inFlightMax: 4 }])
    const before = reserve()
    set.configure(documentOf([{ name: 'a', inFlightMax: 2 }]))
    expect(set.room('p', [], 'self')).toBe(1)
    set.release(before)
    expect(set.room('p', [], 'self')).toBe(2)
  })
})

test('an unknown pool has no room and no node', () => {
  const { set } = newSet([{ name: 'a', inFlightMax: 4 }])
  expect(set.room('q', [], 'self')).toBe(0)
  expect(set.reserve('q', anyJob, [], 'self')).toBeNull()
})
