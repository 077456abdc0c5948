import { expect, test } from 'vitest'
import { playRandomScenario } from '../../test/random-scenario.ts'

const seeds = 10_000

test(
  `no interleaving of arrivals, removals, preemptions and faults loses a KV block, breaks the token budget, ends a request twice or never, ` +
    `or changes what it says (${seeds} seeds)`,
  { timeout: 120_000 },
  () => {
    for (let seed = 1; seed <= seeds; seed++) {
      try {
        playRandomScenario(seed)
      } catch (error) {
        expect.unreachable(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    expect(seeds).toBe(10_000)
  },
)
