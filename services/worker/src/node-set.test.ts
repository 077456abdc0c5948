import { ConfigDocument } from '@penstock/config'
import type { ConfigDocumentInput } from '@penstock/config'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ModelList } from './core/model-list.ts'
import type { NodePlace } from './node-place.ts'
import { NodeSet } from './node-set.ts'
import type { PlacedJob } from './node-set.ts'

type NodeInput = Partial<ConfigDocumentInput['nodes'][number]> & { name: string }

const documentOf = (nodes: NodeInput[], pool: object = {}): ConfigDocument =>
  ConfigDocument.parse({
    nodes: nodes.map((node) => ({ url: `http://${node.name}.test`, ...node })),
    pools: [{ name: 'p', nodes: nodes.map(({ name }) => name), ...pool }],
    models: [],
  })

const job = (over: Partial<PlacedJob> = {}): PlacedJob => ({
  pool: 'p',
  lane: 'interactive',
  model: 'm',
  avoidNodes: [],
  affinity: [],
  promptTokensEstimate: 100,
  outputTokensMax: 100,
  ...over,
})

const newSet = (nodes: NodeInput[], pool: object = {}) => {
  const clock = { now: 0 }
  const workers = ['self']
  const made = { room: 0 }
  const set = new NodeSet({
    self: 'self',
    readCredential: () => 'secret',
    workersOf: () => workers,
    othersAt: () => ({ inFlight: 0, prefillTokens: 0 }),
    roomMade: () => void (made.room += 1),
    now: () => clock.now,
  })
  set.configure(documentOf(nodes, pool))
  onTestFinished(() => set.close())
  const reserve = (over: Partial<PlacedJob> = {}): NodePlace => set.reserve(job(over))!
  const room = (): number => {
    const places = set.room('p')
    expect(set.hasRoom('p')).toBe(places > 0)
    return places
  }
  return { set, clock, workers, made, reserve, room }
}

describe('room', () => {
  test('is what the nodes can still take of this worker', () => {
    const { set, workers, reserve, room } = newSet([
      { name: 'a', inFlightMax: 2 },
      { name: 'b', inFlightMax: 3 },
    ])
    expect(room()).toBe(5)
    const held = Array.from({ length: 5 }, () => reserve())
    expect(room()).toBe(0)
    set.release(held[0]!)
    expect(room()).toBe(1)
    workers.push('other')
    expect(room()).toBe(0)
  })

  test('ends when the prompts that wait for their prefill are as many tokens as the lane can wait for', () => {
    const { reserve, room, made } = newSet([{ name: 'a', inFlightMax: 8 }])
    const long = reserve({ promptTokensEstimate: 20_000 })
    expect(room()).toBe(0)
    long.called()
    expect(made.room).toBe(0)
    long.heard(1)
    expect(room()).toBe(7)
    expect(made.room).toBe(1)
  })

  test.each([
    ['vllm', 0],
    ['openai', 6],
  ] as const)('of a %s server after a slow prompt: only where prompts wait for each other', (kind, left) => {
    const { clock, reserve, room } = newSet([{ name: 'a', inFlightMax: 8, backend: { kind } }])
    const slow = reserve({ promptTokensEstimate: 1000 })
    slow.called()
    clock.now += 1000
    slow.heard(1)
    slow.ended(1000)
    for (const tokens of [1000, 1000]) reserve({ promptTokensEstimate: tokens })
    expect(room()).toBe(left)
  })

  test('ends when the KV cache would be asked to hold more than it can', () => {
    const { set, reserve, room } = newSet([{ name: 'a', inFlightMax: 8 }])
    for (const node of set.all) node.control.sized(10_000)
    const first = reserve({ promptTokensEstimate: 8900, outputTokensMax: 400 })
    first.heard(1)
    expect(room()).toBe(0)
    set.release(first)
    expect(room()).toBe(8)
  })

  test('of an ejected node does not count while another node is well: its jobs wait instead of failing there', () => {
    const { set, clock, reserve, room } = newSet([
      { name: 'a', inFlightMax: 4 },
      { name: 'b', inFlightMax: 1 },
    ])
    const a = reserve({ avoidNodes: ['b'] })
    set.failed(a.node)
    set.release(a)
    expect(room()).toBe(1)
    expect(reserve().node.config.name).toBe('b')
    expect(room()).toBe(0)
    clock.now += 60_000
    expect(room()).toBe(0)
    set.answered(a.node)
    expect(room()).toBe(4)
  })

  test('of ejected nodes counts when there is no other: the last one is never given up', () => {
    const { set, reserve, room } = newSet([{ name: 'a', inFlightMax: 4 }])
    const a = reserve()
    set.failed(a.node)
    set.release(a)
    expect(room()).toBe(4)
    expect(set.othersLeft('p', [])).toBe(false)
  })

  test('is none at a node that sleeps, even at the last one: calls would hang there for as long as it does', () => {
    const { set, reserve, room } = newSet([{ name: 'a' }, { name: 'b' }])
    const [a, b] = [...set.all]
    set.judged(a!, 'asleep')
    expect(room()).toBe(32)
    set.failed(b!)
    expect(reserve().node).toBe(b)
    set.judged(b!, 'asleep')
    expect(room()).toBe(0)
  })

  test('is none in a pool with a waiting room while no node is well: what comes is kept for one that is', () => {
    const { set, room } = newSet([{ name: 'a' }], { waitingRoom: {} })
    const [a] = [...set.all]
    expect(room()).toBe(32)
    set.failed(a!)
    expect(room()).toBe(0)
    set.answered(a!)
    expect(room()).toBe(32)
  })

  test('is none in a paused pool, and none at a paused or draining node', () => {
    expect(newSet([{ name: 'a' }], { mode: 'paused' }).room()).toBe(0)
    const { set, reserve, room } = newSet([
      { name: 'a', mode: 'draining' },
      { name: 'b', mode: 'paused' },
      { name: 'c', inFlightMax: 2 },
    ])
    expect(room()).toBe(2)
    expect([reserve(), reserve(), reserve()].map(({ node }) => node.config.name)).toEqual(['c', 'c', 'c'])
    expect(set.states('p').map(({ state }) => state)).toEqual(['draining', 'paused', 'up'])
  })
})

describe('a node', () => {
  test('keeps its connections, its health and what is in flight when the configuration changes elsewhere', () => {
    const { set, reserve, room } = newSet([{ name: 'a', inFlightMax: 4 }])
    const before = reserve()
    set.configure(
      documentOf([
        { name: 'a', inFlightMax: 4 },
        { name: 'b', inFlightMax: 1 },
      ]),
    )
    expect(room()).toBe(4)
    set.release(before)
    expect(room()).toBe(5)
  })

  test('whose limit alone changes keeps what it has in flight', () => {
    const { set, reserve, room } = newSet([{ name: 'a', inFlightMax: 4 }])
    const before = reserve()
    set.configure(documentOf([{ name: 'a', inFlightMax: 2 }]))
    expect(room()).toBe(1)
    set.release(before)
    expect(room()).toBe(2)
  })

  test('drains from when the configuration first says so, and no more when it says otherwise', () => {
    const { set, clock, reserve } = newSet([{ name: 'a' }])
    const { node } = reserve()
    clock.now = 100
    set.configure(documentOf([{ name: 'a', mode: 'draining' }]))
    clock.now = 200
    set.configure(documentOf([{ name: 'a', mode: 'draining' }]))
    expect(node.drainingSince).toBe(100)
    set.configure(documentOf([{ name: 'a' }]))
    expect(node.drainingSince).toBeNull()
  })
})

describe('a node found in DNS', () => {
  const found = { name: 'coder', url: 'http://coder.test:8000', discover: { kind: 'dns-address' as const } }
  const at = (...ips: string[]) => new Map([['coder', ips.map((ip) => ({ ip, port: 8000 }))]])
  const states = (set: NodeSet) => set.states('p').map(({ node, state }) => [node.slice('coder@'.length), state])

  test('gets work that others could do only after it has proved itself', () => {
    const { set, reserve } = newSet([{ name: 'a' }, found])
    set.configure(documentOf([{ name: 'a' }, found]), at('10.0.0.1'))
    expect(set.states('p').map(({ node, state }) => [node, state])).toEqual([
      ['a', 'up'],
      ['coder@10.0.0.1:8000', 'ejected'],
    ])
    expect([reserve(), reserve(), reserve()].map(({ node }) => node.config.name)).toEqual(['a', 'a', 'a'])
    for (const node of set.all) set.answered(node)
    expect(reserve().node.config).toMatchObject({ name: 'coder@10.0.0.1:8000', source: 'coder' })
  })

  test('that DNS names no more takes nothing, stays until its last run has ended, and is back at once when DNS names it again', () => {
    const { set, clock, reserve, room } = newSet([found])
    set.configure(documentOf([found]), at('10.0.0.1', '10.0.0.2'))
    for (const node of set.all) set.answered(node)
    const [one, other] = [reserve(), reserve()]
    expect(one.node).not.toBe(other.node)
    const [first] = one.node.config.name === 'coder@10.0.0.1:8000' ? [one, other] : [other, one]
    clock.now = 100
    set.configure(documentOf([found]), at('10.0.0.2'))
    expect(states(set)).toEqual([
      ['10.0.0.2:8000', 'up'],
      ['10.0.0.1:8000', 'draining'],
    ])
    expect(first.node.drainingSince).toBe(100)
    expect(room()).toBe(31)
    set.configure(documentOf([found]), at('10.0.0.1', '10.0.0.2'))
    expect([states(set)[0], first.node.drainingSince]).toEqual([['10.0.0.1:8000', 'up'], null])
    set.configure(documentOf([found]), at('10.0.0.2'))
    set.release(first)
    expect(states(set)).toEqual([['10.0.0.2:8000', 'up']])
  })

  test('without a run is gone with the answer that names it no more', () => {
    const { set } = newSet([found])
    set.configure(documentOf([found]), at('10.0.0.1'))
    set.configure(documentOf([found]), at('10.0.0.2'))
    expect(states(set)).toEqual([['10.0.0.2:8000', 'ejected']])
  })

  test('has the mode that the configuration gives its entry', () => {
    const { set, room } = newSet([found])
    set.configure(documentOf([{ ...found, mode: 'paused' }]), at('10.0.0.1'))
    expect([room(), states(set)]).toEqual([0, [['10.0.0.1:8000', 'paused']]])
  })
})

describe('a model that is an adapter', () => {
  const listing = (...ids: string[]) => new ModelList(JSON.stringify({ data: ids.map((id) => ({ id })) }))
  const withAdapter = (lora: object) => {
    const nodes = ['a', 'b', 'c', 'd'].map((name) => ({ name, url: `http://${name}.test`, inFlightMax: 4 }))
    const { set } = newSet(nodes)
    set.configure(
      ConfigDocument.parse({
        nodes,
        pools: [{ name: 'p', nodes: ['a', 'b', 'c', 'd'] }],
        models: [{ name: 'm', family: 'general', servedName: 'sql', pool: 'p', lora }],
      }),
    )
    const used = (count: number) =>
      new Set(Array.from({ length: count }, (_, n) => set.reserve(job({ affinity: [`k${n}`] }))!.node.config.name))
    return { set, used }
  }

  test('is asked of the nodes that list it and of no other, even when they are full', () => {
    const { set, used } = withAdapter({ nodes: 2 })
    for (const node of set.all) node.models = listing('base', ...(node.config.name === 'c' ? ['sql'] : []))
    expect([...used(9)]).toEqual(['c'])
  })

  test('is asked of any node while none is known to have it, and keeps to few', () => {
    const { set, used } = withAdapter({ nodes: 2 })
    expect(used(6).size).toBe(2)
    for (const node of set.all) node.models = listing('base')
    expect(used(2).size).toBeGreaterThan(0)
  })

  test('that is loaded on demand keeps to few nodes and spreads when they are full', () => {
    const { set, used } = withAdapter({ nodes: 1, onDemand: true })
    for (const node of set.all) node.models = listing('base', ...(node.config.name === 'c' ? ['sql'] : []))
    expect(used(4).size).toBe(1)
    expect(used(4).size).toBeGreaterThan(1)
  })
})

test('a job whose room has gone meanwhile goes to a node that is well, over its limit, not to one that is out', () => {
  const { set, reserve } = newSet([
    { name: 'a', inFlightMax: 1 },
    { name: 'b', inFlightMax: 1 },
  ])
  const [a, b] = [...set.all]
  set.failed(b!)
  expect([reserve(), reserve(), reserve()].map(({ node }) => node)).toEqual([a, a, a])
})

test('a node whose allowed networks change is opened anew, so that no old connection goes where none may', () => {
  const { set } = newSet([{ name: 'a' }])
  const [before] = [...set.all]
  set.configure(documentOf([{ name: 'a', networks: ['10.0.0.0/8'] }]))
  const [after] = [...set.all]
  expect(after).not.toBe(before)
})

test('a late first token lowers the limit of its node alone', () => {
  const { set, clock, reserve } = newSet([{ name: 'a' }, { name: 'b' }])
  const [one, other] = [reserve(), reserve({ avoidNodes: [] })]
  one.called()
  clock.now += 20_000
  one.heard(1)
  const limits = Object.fromEntries(set.states('p').map(({ node, limit }) => [node, limit]))
  expect(one.node).not.toBe(other.node)
  expect(limits[one.node.config.name]).toBe(1)
  expect(limits[other.node.config.name]).toBe(32)
})

test('a node that owes a first token gets nothing more until it comes, while there are others', () => {
  const { set, clock, reserve, room } = newSet([
    { name: 'a', inFlightMax: 4 },
    { name: 'b', inFlightMax: 4 },
  ])
  const late = reserve()
  late.called()
  clock.now += 1500
  expect(room()).toBe(4)
  const others = [reserve(), reserve()]
  for (const { node } of others) expect(node).not.toBe(late.node)
  expect(set.othersLeft('p', [others[0]!.node.config.name])).toBe(false)
  late.heard(1)
  expect(room()).toBe(5)
  expect(reserve().node).toBe(late.node)
})

test('nodes that all owe a first token get work all the same, in a pool with a waiting room too', () => {
  const { clock, reserve, room } = newSet([{ name: 'a', inFlightMax: 4 }], { waitingRoom: {} })
  reserve().called()
  clock.now += 1500
  expect(room()).toBe(3)
  expect(reserve().node.config.name).toBe('a')
})

test('a place whose answer ended gives its node back once, however often it is let go', () => {
  const { set, reserve, room } = newSet([{ name: 'a', inFlightMax: 4 }])
  const place = reserve()
  place.heard(1)
  place.ended(null)
  set.release(place)
  set.release(place)
  expect(room()).toBe(4)
})

test('an unknown pool has no room and no node', () => {
  const { set } = newSet([{ name: 'a' }])
  expect(set.room('q')).toBe(0)
  expect(set.reserve(job({ pool: 'q' }))).toBeNull()
})

describe('what this worker sent to a node', () => {
  const conversation = (promptTokensEstimate: number) => ({ affinity: ['conversation'], promptTokensEstimate })
  const answer = (place: NodePlace, set: NodeSet): void => {
    place.heard(1)
    place.ended(null)
    set.release(place)
  }

  test('does not wait for its prefill again, until the node is started anew', () => {
    const { set, reserve } = newSet([{ name: 'a', inFlightMax: 8 }])
    answer(reserve(conversation(9000)), set)
    const next = reserve(conversation(10_000))
    expect(next.node.load.prefillTokens).toBe(1000)
    set.release(next)
    set.restarted(next.node)
    expect(reserve(conversation(10_000)).node.load.prefillTokens).toBe(10_000)
  })

  test('draws a conversation to where it went when its home was busy', () => {
    const { reserve } = newSet(['a', 'b', 'c', 'd'].map((name) => ({ name, inFlightMax: 8 })))
    const home = reserve(conversation(9000))
    home.node.load.take({ promptTokens: 60_000, outputTokensMax: 1 }, 0)
    const moved = reserve(conversation(9000))
    expect(moved.node).not.toBe(home.node)
    expect(reserve(conversation(9500)).node).toBe(moved.node)
  })

  test('measures the node’s prefill by what was missing, and not at all where others may have sent the rest', () => {
    const { set, clock, reserve } = newSet([{ name: 'a', inFlightMax: 8 }])
    const first = reserve(conversation(9000))
    const rate = first.node.control.prefillTokensPerSecond
    clock.now = 10
    answer(first, set)
    expect(first.node.control.prefillTokensPerSecond).toBe(rate)
    const second = reserve(conversation(10_000))
    clock.now += 100
    answer(second, set)
    expect(second.node.control.prefillTokensPerSecond).toBe(10_000)
  })
})
