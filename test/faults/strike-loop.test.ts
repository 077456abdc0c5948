import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { seededRandom } from '../stack/seeded-random.ts'
import type { Scenario, Stage } from './scenario.ts'
import { strikeAgainAndAgain } from './strike-loop.ts'
import { workerFaultLimits } from './verdict.ts'

const stage = { signal: new AbortController().signal } as Stage

test('strikes never overlap, however slowly a victim comes back, and end in time', async () => {
  let down = 0
  let downMax = 0
  const victims = new Set<string>()
  const scenario: Scenario = {
    name: 'slow',
    summary: '',
    limits: workerFaultLimits,
    victims: () => [],
    async strike(victim) {
      victims.add(victim)
      downMax = Math.max(downMax, ++down)
      await delay(25)
      down--
    },
  }
  const startedAt = performance.now()
  const told: (number | null)[] = []
  const strikes = await strikeAgainAndAgain(scenario, stage, {
    victims: ['worker-1', 'worker-2'],
    everyMs: 10,
    untilAt: startedAt + 300,
    random: seededRandom(1),
    onStrike: (_, backAfterMs) => told.push(backAfterMs),
  })
  expect(downMax).toBe(1)
  expect(strikes).toBeGreaterThan(5)
  expect(strikes).toBeLessThanOrEqual(12)
  expect(told.filter((backAfterMs) => backAfterMs === null)).toHaveLength(strikes)
  expect([...victims].sort()).toEqual(['worker-1', 'worker-2'])
  expect(performance.now() - startedAt).toBeLessThan(400)
})
