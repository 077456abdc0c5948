import { WorkerBeat } from '@penstock/contracts'
import type { NodeSourceState } from '@penstock/contracts'
import { expect, test } from 'vitest'
import { SourceStates, describeSourceTrouble } from './source-states.ts'

const beat = (worker: string, ...sources: Partial<NodeSourceState>[]): WorkerBeat =>
  WorkerBeat.parse({
    worker,
    instance: worker,
    draining: false,
    configVersion: 1,
    pools: [],
    silentRuns: [],
    sources: sources.map((state) => ({ source: 'coder', nodes: 3, trouble: null, troubleForMs: 0, ...state })),
  })

test('of each name the worker in trouble for longest is believed, then the one that knows the fewest nodes', () => {
  const states = new SourceStates()
  states.heard(beat('a', { nodes: 2 }), 0)
  states.heard(beat('b', { nodes: 3 }, { source: 'chat', nodes: 1 }), 0)
  expect(states.worst(0)).toMatchObject([{ source: 'coder', nodes: 2 }, { source: 'chat' }])
  states.heard(beat('b', { trouble: 'ESERVFAIL', troubleForMs: 500 }), 100)
  states.heard(beat('c', { trouble: 'ETIMEOUT', troubleForMs: 900 }), 100)
  expect(states.worst(100)).toMatchObject([{ source: 'coder', trouble: 'ETIMEOUT' }])
})

test('a worker that fell silent or follows no names any more is not believed', () => {
  const states = new SourceStates()
  states.heard(beat('a', { trouble: 'ESERVFAIL' }), 0)
  expect(states.worst(2000)).toHaveLength(1)
  expect(states.worst(2001)).toEqual([])
  const { sources: _, ...without } = beat('a')
  states.heard(without, 1000)
  expect(states.worst(1000)).toEqual([])
})

test('trouble is told in one line: what, for how long, and what stays', () => {
  const [state] = beat('a', { trouble: 'ESERVFAIL for coder.gpu.svc', troubleForMs: 12_300 }).sources!
  expect(describeSourceTrouble(state!)).toBe(
    'nodes of coder: ESERVFAIL for coder.gpu.svc, for 12 s; the 3 known last stay',
  )
  expect(describeSourceTrouble({ ...state!, nodes: 0 })).toMatch(/no node is known$/)
  expect(describeSourceTrouble({ ...state!, trouble: null })).toBeNull()
})
