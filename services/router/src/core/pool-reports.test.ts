import { ConfigDocument } from '@penstock/config'
import { PoolReport } from '@penstock/contracts'
import { expect, test } from 'vitest'
import { PoolReports } from './pool-reports.ts'

const document = ConfigDocument.parse({
  nodes: [{ name: 'n', url: 'http://node.test/v1', inFlightMax: 20 }],
  pools: [{ name: 'p', nodes: ['n'] }],
  models: [],
})
const state = { source: 'n', nodes: 1, trouble: 'ESERVFAIL', troubleForMs: 500 }
const none = { jobs: 0, bytes: 0, tokens: 0, oldestAddedAt: null }

test('a report says what waits for how long, how full the pool is, and what a newcomer would wait', () => {
  const load = {
    slots: 10,
    freeSlots: 0,
    fullShare: 0,
    lanes: [{ lane: 'completion', waiting: 4, runsPerS: 5, serviceMs: 2000, minimumShare: 0, refusedShare: 0 }],
  }
  const [report] = new PoolReports().measure({
    document,
    now: 0,
    wallClock: 10_000,
    sources: [state, { ...state, source: 'of-another-pool' }],
    of: () => ({
      load,
      inFlight: 10,
      nodesUp: 1,
      lane: () => ({ jobs: 4, bytes: 40, tokens: 400, oldestAddedAt: 9000 }),
    }),
  })
  expect(PoolReport.parse(report)).toEqual({
    pool: 'p',
    lanes: [
      {
        lane: 'completion',
        jobs: 4,
        bytes: 40,
        tokens: 400,
        oldestWaitMs: 1000,
        runsPerS: 5,
        serviceMs: 2000,
        expectedWaitMs: 1000,
      },
    ],
    slots: 10,
    inFlight: 10,
    nodesUp: 1,
    sources: [state],
    saturation: 1.4,
    desiredNodes: 2,
  })
})

test('a pool without a node that holds requests asks for one', () => {
  const reports = new PoolReports()
  const measure = (jobs: number) =>
    reports.measure({
      document,
      now: 0,
      wallClock: 0,
      sources: [],
      of: () => ({
        load: {
          slots: 0,
          freeSlots: 0,
          fullShare: 0,
          lanes: [
            { lane: 'completion', waiting: jobs, runsPerS: 0, serviceMs: null, minimumShare: 0, refusedShare: 0 },
          ],
        },
        inFlight: 0,
        nodesUp: 0,
        lane: () => ({ ...none, jobs }),
      }),
    })[0]?.desiredNodes
  expect(measure(0)).toBe(0)
  expect(measure(3)).toBe(1)
})
