import { performanceProfile } from '@penstock/vllm-sim'
import { expect, test } from 'vitest'
import { seededRandom } from '../../stack/seeded-random.ts'
import { IdlePrefill, scoreLoad, simulatedOutcome } from '../lane-score.ts'
import { sharedCacheBound } from '../suites/prefix.ts'
import { workloadByName } from '../workloads/registry.ts'
import type { WorkloadRequest } from '../workloads/workload.ts'
import { blockKeys, chainKeys } from './block-keys.ts'
import { policies } from './registry.ts'
import { simulatePolicy } from './simulate-policy.ts'

const profile = performanceProfile('llama-3.1-8b@a100')
const plan = (name: string, perSecond: number) =>
  workloadByName(name).plan({ perSecond, spanMs: 30_000, random: seededRandom(5) })
const policy = (name: string) => {
  const found = policies.find((one) => one.name === `policy ${name}`)
  if (found === undefined) throw new Error(name)
  return found
}
const simulate = (name: string, requests: readonly WorkloadRequest[]) =>
  simulatePolicy({ policy: policy(name), nodes: 4, profile, plan: requests, patienceMs: 55_000 })

test.each(policies)('$name answers or gives up every request once, and the same plan gives the same run', (one) => {
  const requests = plan('mixed', 20)
  const run = simulatePolicy({ policy: one, nodes: 4, profile, plan: requests, patienceMs: 55_000 })
  expect(new Set(run.outcomes.map(({ request }) => request)).size).toBe(requests.length)
  expect(run.outcomes).toHaveLength(requests.length)
  expect(simulatePolicy({ policy: one, nodes: 4, profile, plan: requests, patienceMs: 55_000 })).toEqual(run)
})

test('what keeps a session on its node finds more of its prompts cached than turns do', () => {
  const agents = plan('agents', 2)
  const hitRate = (name: string): number => {
    const { cachedTokens, queriedTokens } = simulate(name, agents)
    return cachedTokens / queriedTokens
  }
  for (const sticky of ['session-hash', 'prefix+load', 'sticky-until-saturated'])
    expect(hitRate(sticky)).toBeGreaterThan(hitRate('round-robin') * 1.3)
})

test('no policy finds more than one shared cache would, as long as nobody gives up', () => {
  const agents = plan('agents', 3)
  const bound = sharedCacheBound(agents, profile)
  for (const one of policies) {
    const run = simulatePolicy({ policy: one, nodes: 8, profile, plan: agents, patienceMs: 600_000 })
    expect(run.outcomes.every(({ complete }) => complete)).toBe(true)
    expect(run.cachedTokens / run.queriedTokens).toBeLessThanOrEqual(bound + 0.01)
  }
}, 60_000)

test('our placement reaches 0.9 of one shared cache where agents keep the nodes busy, and first tokens come sooner than by session hash', () => {
  const agents = workloadByName('agents').plan({ perSecond: 6, spanMs: 90_000, random: seededRandom(1) })
  const play = (name: string) => {
    const run = simulatePolicy({ policy: policy(name), nodes: 8, profile, plan: agents, patienceMs: 55_000 })
    const ttfts = run.outcomes.map(({ ttftMs }) => ttftMs ?? Infinity).toSorted((one, other) => one - other)
    return { hitRate: run.cachedTokens / run.queriedTokens, ttftP90Ms: ttfts[Math.floor(ttfts.length * 0.9)] ?? 0 }
  }
  const [ours, hashed] = [play('penstock-placement'), play('session-hash')]
  expect(ours.hitRate).toBeGreaterThan(0.9 * sharedCacheBound(agents, profile))
  expect(ours.ttftP90Ms).toBeLessThan(hashed.ttftP90Ms)
}, 60_000)

test('keys are equal for equal beginnings and differ from the first difference on', () => {
  const keys = (...seeds: [string, number][]) =>
    chainKeys(blockKeys({ prompt: seeds.map(([seed, tokens]) => ({ seed, tokens })) }))
  const [one, other] = [keys(['a', 40], ['b', 40]), keys(['a', 40], ['c', 40])]
  expect(one).toHaveLength(5)
  expect(one.map((key, block) => key === other[block])).toEqual([true, true, false, false, false])
  expect(new Set(one).size).toBe(5)
})

test('goodput counts requested tokens of answers within their target, and nothing of what was given up', () => {
  const request = (cutAfterMs: number | null): WorkloadRequest => ({
    atMs: 0,
    lane: 'completion',
    user: 0,
    session: 's',
    prompt: [{ seed: 's', tokens: 100 }],
    outputTokens: 11,
    cutAfterMs,
  })
  const outcome = (facts: { ttftMs: number | null; endMs: number; complete: boolean; cut?: number }) =>
    simulatedOutcome({ request: request(facts.cut ?? null), gaveUp: facts.cut !== undefined, ...facts })
  const score = scoreLoad(
    [
      outcome({ ttftMs: 100, endMs: 300, complete: true }),
      outcome({ ttftMs: 5000, endMs: 5200, complete: true }),
      outcome({ ttftMs: 100, endMs: 5000, complete: true }),
      outcome({ ttftMs: null, endMs: 55_000, complete: false }),
      outcome({ ttftMs: 100, endMs: 200, complete: false, cut: 200 }),
      { request: request(null), kind: 'refused', ttftMs: null, endMs: 12 },
    ],
    1000,
    new IdlePrefill(profile),
  )
  expect(score).toMatchObject({ goodputTokensPerSecond: 11, givenUp: 1 })
  expect(score.lanes.completion).toMatchObject({ completed: 1, refused: 1, missed: 3 })
  expect(score.refusalMsP99).toBeCloseTo(12, 0)
})
