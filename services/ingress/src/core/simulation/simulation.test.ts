import { expect, test } from 'vitest'
import { Simulation } from './simulation.fixture.ts'

const seeds = 10_000
const faults = { lossRatio: 0.08, twiceRatio: 0.08, latencyMsMax: 250, calmAt: 8000 }

test(
  '10,000 deployments under crashes, pauses, a store that is away, lost, doubled and late messages: nothing lost, nothing doubled, no slot leaked',
  { timeout: 60_000 },
  () => {
    const outcomes = new Map<string, number>()
    let attempts = 0
    let requests = 0
    let offeredAgain = 0
    for (let seed = 1; seed <= seeds; seed++) {
      const result = new Simulation(seed, faults).play()
      expect(result.wrong, `seed ${seed}`).toEqual([])
      attempts += result.attempts
      offeredAgain += result.offeredAgain
      requests += result.outcomes.length
      for (const outcome of result.outcomes) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    // The storm was one, and most requests came through it.
    expect(attempts).toBeGreaterThan(requests * 1.3)
    expect(outcomes.get('finished')).toBeGreaterThan(requests * 0.85)
    expect(outcomes.get('cancelled')).toBeGreaterThan(0)
    // Thoughts that nobody saw are no reason to give up.
    expect(outcomes.get('cannot_continue')).toBeUndefined()
    // First attempts that nobody took were offered again, and few were refused for it.
    expect(offeredAgain).toBeGreaterThan(requests * 0.01)
    expect(outcomes.get('store_unavailable') ?? 0).toBeLessThan(offeredAgain / 4)
  },
)

test('in calm weather every request is finished by its first attempt, or cancelled by its client', () => {
  const calm = { lossRatio: 0, twiceRatio: 0, latencyMsMax: 2, calmAt: 0 }
  for (let seed = 1; seed <= 300; seed++) {
    const { wrong, outcomes, attempts } = new Simulation(seed, calm).play()
    expect(wrong, `seed ${seed}`).toEqual([])
    expect(attempts, `seed ${seed}`).toBe(outcomes.length)
    expect(outcomes.every((outcome) => outcome === 'finished' || outcome === 'cancelled')).toBe(true)
  }
})
