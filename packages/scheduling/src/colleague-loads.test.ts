import { WorkerId } from '@penstock/contracts'
import type { WorkerBeat } from '@penstock/contracts'
import { expect, test } from 'vitest'
import { ColleagueLoads } from './colleague-loads.ts'

const beat = (worker: string, inFlight: number): WorkerBeat => {
  const nodes = [
    { node: 'n', state: 'up' as const, inFlight, prefillTokens: inFlight * 100, limit: 9, lastOkAgoMs: null },
  ]
  return {
    worker: WorkerId.parse(worker),
    instance: worker,
    draining: false,
    configVersion: 1,
    // A node of two pools is told in both.
    pools: [
      { pool: 'p', room: 1, nodes },
      { pool: 'q', room: 1, nodes },
    ],
    silentRuns: [],
  }
}

test('what others have at a node is their last beats’ sum, without one’s own and without those gone silent', () => {
  const loads = new ColleagueLoads('self')
  loads.heard(beat('self', 50), 0)
  loads.heard(beat('a', 7), 0)
  loads.heard(beat('a', 2), 500)
  loads.heard(beat('b', 3), 1000)
  expect(loads.at('n', 1000)).toEqual({ inFlight: 5, prefillTokens: 500 })
  expect(loads.at('n', 2600)).toEqual({ inFlight: 3, prefillTokens: 300 })
  expect(loads.at('other', 1000)).toEqual({ inFlight: 0, prefillTokens: 0 })
})
