import { expect, test } from 'vitest'
import { playClosedLoop } from './closed-loop.ts'
import type { ClosedLoopResult } from './closed-loop.ts'
import { referenceResults } from './reference-results.ts'

test.each(referenceResults.map(({ loop, expected }) => [loop, expected] as const))(
  'the engine gives the reference results within 5 %%: %o',
  (loop, expected) => {
    const result = playClosedLoop(loop)
    for (const [name, value] of Object.entries(expected)) {
      const found = result[name as keyof ClosedLoopResult]
      expect(Math.abs(found - value), `${name}: ${found} for ${value}`).toBeLessThanOrEqual(value * 0.05)
    }
  },
)

test('more clients than the KV cache holds cost throughput: preemptions begin and tokens per second fall', () => {
  const loop = { profile: 'llama-3.1-8b@h100', promptTokens: 2000, outputTokens: 500, requestsPerClient: 3 }
  const [fits, thrashes] = [128, 256].map((clients) => playClosedLoop({ ...loop, clients }))
  expect(fits?.preemptions).toBe(0)
  expect(thrashes?.preemptions).toBeGreaterThan(0)
  expect(thrashes?.outputTokensPerSecond).toBeLessThan(fits?.outputTokensPerSecond ?? 0)
})
