import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nodeFailed, unknownHealth } from './node-health.ts'
import { placeJob } from './place-job.ts'
import type { NodeChoice, PlaceableJob } from './place-job.ts'

const now = 0
const up = unknownHealth()
const out = nodeFailed(up, now)
const node = (name: string, over: Partial<NodeChoice> = {}): NodeChoice => ({
  name,
  inFlight: 0,
  limit: 4,
  prefillTokens: 0,
  cachedTokens: 0,
  tokensFull: false,
  health: up,
  ...over,
})
const promptTokens = 1000
const anyJob: PlaceableJob = { avoidNodes: [], affinity: [], promptTokens }
const keyed = (...affinity: string[]): PlaceableJob => ({ ...anyJob, affinity })
const placed = (nodes: NodeChoice[], job: PlaceableJob) => placeJob(nodes, job, now)?.node

const someNodes = fc.uniqueArray(
  fc.record({
    name: fc.string({ minLength: 1, maxLength: 4 }),
    inFlight: fc.nat(6),
    limit: fc.integer({ min: 1, max: 5 }),
    prefillTokens: fc.nat(30_000),
    cachedTokens: fc.nat(3000),
    tokensFull: fc.boolean(),
    health: fc.constantFrom(up, out),
  }),
  { selector: ({ name }) => name, maxLength: 8 },
)
const someJob = fc.record({
  avoidNodes: fc.array(fc.string({ maxLength: 4 })),
  affinity: fc.array(fc.string(), { maxLength: 3 }),
  promptTokens: fc.nat(5000),
  lora: fc.option(fc.record({ name: fc.string(), nodes: fc.integer({ min: 1, max: 3 }) }), { nil: undefined }),
})
const hasRoom = ({ inFlight, limit, tokensFull }: NodeChoice) => inFlight < limit && !tokensFull

test('as long as any node has room there is a choice, and it has a seat', () => {
  fc.assert(
    fc.property(someNodes, someJob, (nodes, job) => {
      const picked = nodes.find(({ name }) => name === placed(nodes, job))
      if (nodes.some(hasRoom)) expect(picked).toBeDefined()
      if (picked !== undefined) expect(picked.inFlight).toBeLessThan(picked.limit)
    }),
  )
})

test('a node that is full of tokens gets only what it has cached', () => {
  fc.assert(
    fc.property(someNodes, someJob, (nodes, job) => {
      const keyless = { ...job, affinity: [] }
      const picked = nodes.find(({ name }) => name === placed(nodes, keyless))
      if (picked?.tokensFull) expect(picked.cachedTokens).toBeGreaterThan(job.promptTokens / 2)
    }),
  )
})

test('an ejected node is chosen only when no other has room, an avoided one only when no other is healthy', () => {
  fc.assert(
    fc.property(someNodes, someJob, (nodes, job) => {
      const picked = nodes.find(({ name }) => name === placed(nodes, job))
      if (picked === undefined) return
      const healthy = nodes.filter((one) => one.health === up && hasRoom(one))
      if (picked.health === out) expect(healthy).toEqual([])
      else if (job.avoidNodes.includes(picked.name))
        expect(healthy.filter(({ name }) => !job.avoidNodes.includes(name))).toEqual([])
    }),
  )
})

test('the order in which nodes are listed does not matter: every worker chooses alike', () => {
  fc.assert(
    fc.property(someNodes, someJob, (nodes, job) => {
      expect(placed(nodes.toReversed(), job)).toBe(placed(nodes, job))
    }),
  )
})

test('with every node ejected, one that the job has not failed on goes first', () => {
  const nodes = [node('a', { health: out }), node('b', { health: out, prefillTokens: 9 })]
  expect(placeJob(nodes, { ...anyJob, avoidNodes: ['a'] }, now)).toEqual({ node: 'b', reason: 'last-resort' })
  expect(placed(nodes, anyJob)).toBe('a')
})

describe('a job whose prefix is cached somewhere', () => {
  const nodes = ['a', 'b', 'c', 'd'].map((name) => node(name))
  const home = placed(nodes, keyed('conversation'))!
  const withHome = (over: Partial<NodeChoice>) => nodes.map((one) => (one.name === home ? { ...one, ...over } : one))

  test('goes there although others are emptier and its tokens are full, until computing it anew costs less than waiting', () => {
    const waiting = 2.7 * promptTokens
    expect(placed(withHome({ inFlight: 3, tokensFull: true, prefillTokens: waiting }), keyed('conversation'))).toBe(
      home,
    )
    const busy = withHome({ prefillTokens: waiting + 1 })
    expect(placeJob(busy, keyed('conversation'), now)).toMatchObject({ reason: 'least-prefill' })
    expect(placed(busy, keyed('conversation'))).not.toBe(home)
  })

  test('a node that is known to have it is as good as a home, a longer prompt is worth a longer wait', () => {
    const other = nodes.find(({ name }) => name !== home)!.name
    const known = withHome({ prefillTokens: 3000 }).map((one) =>
      one.name === other ? { ...one, cachedTokens: 900, prefillTokens: 2600 } : one,
    )
    expect(placeJob(known, keyed('conversation'), now)).toEqual({ node: other, reason: 'affinity' })
    expect(placed(withHome({ prefillTokens: 20_000 }), { ...keyed('conversation'), promptTokens: 8000 })).toBe(home)
  })

  test('moves together with what shares its prefix when the home is out, and comes back', () => {
    const away = withHome({ health: out })
    const refuge = placed(away, keyed('conversation'))
    expect(refuge).not.toBe(home)
    for (let again = 0; again < 5; again++) expect(placed(away, keyed('conversation'))).toBe(refuge)
    expect(placed(nodes, keyed('conversation'))).toBe(home)
  })
})

test('keys spread evenly, and a node that joins takes its part from the others and moves no other key', () => {
  const before = ['a', 'b', 'c', 'd'].map((name) => node(name))
  const after = [...before, node('e')]
  const keys = Array.from({ length: 4000 }, (_, n) => keyed(`conversation ${n}`))
  const counts = Object.groupBy(keys, (key) => placed(before, key)!)
  for (const { name } of before) expect(counts[name]!.length).toBeGreaterThan(800)
  const moved = keys.filter((key) => placed(before, key) !== placed(after, key))
  expect(moved.every((key) => placed(after, key) === 'e')).toBe(true)
  expect(moved.length).toBeGreaterThan(600)
  expect(moved.length).toBeLessThan(1000)
})

test('requests of an adapter keep to its few nodes, and leave them rather than wait', () => {
  const nodes = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => node(name))
  const jobs = Array.from({ length: 100 }, (_, n) => ({ ...keyed(`k${n}`), lora: { name: 'sql', nodes: 2 } }))
  const used = new Set(jobs.map((job) => placed(nodes, job)!))
  expect(used.size).toBe(2)
  const full = nodes.map((one) => (used.has(one.name) ? { ...one, inFlight: 4 } : one))
  expect(used.has(placed(full, jobs[0]!)!)).toBe(false)
})

test('without a key the node with the least prefill waiting wins, then the least loaded in proportion to its limit', () => {
  expect(placed([node('a', { prefillTokens: 5 }), node('b', { inFlight: 3 })], anyJob)).toBe('b')
  expect(placed([node('a', { inFlight: 2 }), node('b', { inFlight: 3, limit: 16 })], anyJob)).toBe('b')
})
