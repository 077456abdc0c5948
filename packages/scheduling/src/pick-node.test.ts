import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nodeFailed, unknownHealth } from './node-health.ts'
import { pickNode } from './pick-node.ts'
import type { NodeChoice } from './pick-node.ts'

const now = 0
const up = unknownHealth()
const out = nodeFailed(up, now)
const node = (name: string, over: Partial<NodeChoice> = {}): NodeChoice => ({
  name,
  inFlight: 0,
  limit: 4,
  health: up,
  ...over,
})
const anyJob = { avoidNodes: [], affinity: [] }

const someNodes = fc.uniqueArray(
  fc.record({
    name: fc.string({ minLength: 1, maxLength: 4 }),
    inFlight: fc.nat(6),
    limit: fc.integer({ min: 1, max: 5 }),
    health: fc.constantFrom(up, out),
  }),
  { selector: ({ name }) => name, maxLength: 8 },
)
const someJob = fc.record({
  avoidNodes: fc.array(fc.string({ maxLength: 4 })),
  affinity: fc.array(fc.string(), { maxLength: 3 }),
})

test('as long as any node has room there is a choice, and it has room', () => {
  fc.assert(
    fc.property(someNodes, someJob, (nodes, job) => {
      const picked = nodes.find(({ name }) => name === pickNode(nodes, job, now))
      if (nodes.some(({ inFlight, limit }) => inFlight < limit)) expect(picked!.inFlight).toBeLessThan(picked!.limit)
      else expect(picked).toBeUndefined()
    }),
  )
})

test('an ejected node is chosen only when no other has room, an avoided one only when no other is healthy', () => {
  fc.assert(
    fc.property(someNodes, someJob, (nodes, job) => {
      const name = pickNode(nodes, job, now)
      const picked = nodes.find((one) => one.name === name)
      if (picked === undefined) return
      const healthy = nodes.filter(({ health, inFlight, limit }) => health === up && inFlight < limit)
      if (picked.health === out) expect(healthy).toEqual([])
      else if (job.avoidNodes.includes(picked.name))
        expect(healthy.filter((one) => !job.avoidNodes.includes(one.name))).toEqual([])
    }),
  )
})

test('with every node ejected, one that the job has not failed on goes first', () => {
  const nodes = [node('a', { health: out }), node('b', { health: out, inFlight: 3 })]
  expect(pickNode(nodes, { avoidNodes: ['a'], affinity: [] }, now)).toBe('b')
  expect(pickNode(nodes, anyJob, now)).toBe('a')
})

describe('among nodes that may be chosen', () => {
  test('the least loaded in proportion to its limit wins', () => {
    const nodes = [node('a', { inFlight: 2, limit: 4 }), node('b', { inFlight: 3, limit: 16 })]
    expect(pickNode(nodes, anyJob, now)).toBe('b')
  })

  test('with equal load one affinity keeps its node, in whatever order the nodes are listed', () => {
    const nodes = ['a', 'b', 'c', 'd'].map((name) => node(name))
    for (let key = 0; key < 50; key++) {
      const job = { avoidNodes: [], affinity: [`k${key}`] }
      expect(pickNode(nodes.toReversed(), job, now)).toBe(pickNode(nodes, job, now))
    }
  })

  test('affinities spread evenly, and a node that joins takes its part from the others and moves no other key', () => {
    const before = ['a', 'b', 'c', 'd'].map((name) => node(name))
    const after = [...before, node('e')]
    const keys = Array.from({ length: 4000 }, (_, n) => ({ avoidNodes: [], affinity: [`conversation ${n}`] }))
    const counts = Object.groupBy(keys, (key) => pickNode(before, key, now)!)
    for (const { name } of before) expect(counts[name]!.length).toBeGreaterThan(800)
    const moved = keys.filter((key) => pickNode(before, key, now) !== pickNode(after, key, now))
    expect(moved.every((key) => pickNode(after, key, now) === 'e')).toBe(true)
    expect(moved.length).toBeGreaterThan(600)
    expect(moved.length).toBeLessThan(1000)
  })
})
