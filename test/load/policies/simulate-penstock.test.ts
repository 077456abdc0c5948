import { performanceProfile } from '@penstock/vllm-sim'
import { expect, test } from 'vitest'
import { seededRandom } from '../../stack/seeded-random.ts'
import { IdlePrefill, scoreLoad, simulatedOutcome } from '../lane-score.ts'
import type { LoadScore, Outcome } from '../lane-score.ts'
import { workloadByName } from '../workloads/registry.ts'
import type { WorkloadRequest } from '../workloads/workload.ts'
import { policies } from './registry.ts'
import { simulatePenstock } from './simulate-penstock.ts'
import type { PenstockSimulation } from './simulate-penstock.ts'
import { simulatePolicy } from './simulate-policy.ts'

const profile = performanceProfile('llama-3.1-8b@a100')
const idle = new IdlePrefill(profile)
const [spanMs, warmUpMs] = [30_000, 10_000]
/** What four nodes of this profile serve of `mixed`, requests/s, as `npm run bench -- goodput` finds it. */
const capacityRps = 18.5

const plan = (load: number, seed = 1): WorkloadRequest[] =>
  workloadByName('mixed').plan({ perSecond: capacityRps * load, spanMs, random: seededRandom(seed) })
const scored = (outcomes: readonly Outcome[]): LoadScore =>
  scoreLoad(
    outcomes.filter(({ request }) => request.atMs >= warmUpMs),
    spanMs - warmUpMs,
    idle,
  )
const penstockAt = (load: number, over: Partial<PenstockSimulation> = {}): LoadScore =>
  scored(simulatePenstock({ nodes: 4, workers: 2, profile, plan: plan(load), ...over }))
const refusedShare = ({ lanes }: LoadScore, lane: 'completion' | 'interactive'): number => {
  const { completed, refused, missed } = lanes[lane]
  return refused / (completed + refused + missed)
}

test('every request has one outcome, and the same plan the same run', () => {
  const requests = plan(2)
  const outcomes = simulatePenstock({ nodes: 4, workers: 2, profile, plan: requests })
  expect(new Set(outcomes.map(({ request }) => request)).size).toBe(requests.length)
  expect(outcomes).toHaveLength(requests.length)
  expect(simulatePenstock({ nodes: 4, workers: 2, profile, plan: requests })).toEqual(outcomes)
}, 60_000)

test('at three times the capacity as much useful work is done as the best policy does at capacity, and completions stay quick', () => {
  const best = Math.max(
    ...policies.map((policy) => {
      const run = simulatePolicy({ policy, nodes: 4, profile, plan: plan(1), patienceMs: 55_000 })
      return scored(run.outcomes.map(simulatedOutcome)).goodputTokensPerSecond
    }),
  )
  const [calm, flooded] = [penstockAt(0.5), penstockAt(3)]
  expect(flooded.goodputTokensPerSecond).toBeGreaterThan(0.9 * best)
  expect(flooded.lanes.completion.ttftMs?.p99).toBeLessThan(2 * (calm.lanes.completion.ttftMs?.p99 ?? 0))
  expect(flooded.refusalMsP99).toBe(0)
}, 60_000)

test('below the capacity no completion is refused, and at it hardly one', () => {
  const seeds = [1, 2, 3, 4]
  const shares = (load: number): number[] =>
    seeds.map((seed) => refusedShare(penstockAt(load, { plan: plan(load, seed) }), 'completion'))
  for (const load of [0.5, 0.8]) expect(Math.max(...shares(load))).toBe(0)
  expect(shares(1).reduce((sum, share) => sum + share, 0) / seeds.length).toBeLessThan(0.01)
}, 60_000)

test('a lane without a minimum share is refused before the lane above it', () => {
  const lanes = [
    { name: 'completion', minimumShare: 0 },
    { name: 'interactive', minimumShare: 0 },
  ] as const
  for (const load of [1.2, 1.5, 2]) {
    const score = penstockAt(load, { lanes })
    expect(refusedShare(score, 'completion')).toBeLessThan(refusedShare(score, 'interactive'))
  }
}, 60_000)
