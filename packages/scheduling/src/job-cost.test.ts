import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jobCost } from './job-cost.ts'

const tokens = fc.nat(1_000_000)

test('a cost is a whole number from 1 that grows with prompt and output, an output token weighing more', () => {
  fc.assert(
    fc.property(tokens, tokens, (promptTokensEstimate, outputTokensMax) => {
      const cost = jobCost({ promptTokensEstimate, outputTokensMax })
      expect(Number.isInteger(cost) && cost >= 1).toBe(true)
      expect(jobCost({ promptTokensEstimate: promptTokensEstimate + 1000, outputTokensMax })).toBeGreaterThanOrEqual(
        cost,
      )
      expect(jobCost({ promptTokensEstimate, outputTokensMax: outputTokensMax + 1000 })).toBeGreaterThanOrEqual(cost)
    }),
  )
  expect(jobCost({ promptTokensEstimate: 0, outputTokensMax: 800 })).toBe(50)
  expect(jobCost({ promptTokensEstimate: 800, outputTokensMax: 0 })).toBe(7)
})
