import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { performanceProfile } from '../src/index.ts'
import { accuracyPage, decodeStepMs, prefillTokensPerSecond } from './accuracy-page.ts'
import { publishedFigures } from './published-figures.ts'

test('the page of the simulator’s accuracy is what the engine gives (mend: node packages/vllm-sim/bench/write-accuracy.ts)', () => {
  expect(readFileSync(join(import.meta.dirname, '../../../docs/simulator-accuracy.md'), 'utf8')).toBe(accuracyPage())
}, 60_000)

test('the model is within 20 % of everything published that can be played', () => {
  for (const { setup, name, published, modelled } of publishedFigures())
    expect(Math.abs(modelled / published - 1), `${setup}, ${name}: ${modelled} for ${published}`).toBeLessThan(0.2)
})

/** Contract §4.2: decode step for 1, 32 and 128 sequences at 1k context, ms, and prefill tokens/s. A misprinted constant shows here. */
test.each([
  ['mistral-7b@h100', 6.2, 7.7, 13.1, 37_700],
  ['mistral-7b@a100', 9.8, 12.6, 23.7, 13_600],
  ['mistral-7b@l40s', 20.1, 26, 45.8, 12_100],
  ['llama-3.1-8b@h100', 6.5, 8, 13.4, 36_000],
  ['llama-3.1-8b@a100', 10.3, 13.1, 24.4, 12_900],
  ['llama-3.1-8b@l40s', 21.2, 27, 47, 11_500],
  ['qwen2.5-coder-7b@h100', 6.1, 6.9, 9.9, 39_100],
  ['qwen2.5-coder-7b@a100', 9.7, 11.2, 18.2, 13_800],
  ['qwen2.5-coder-7b@l40s', 19.9, 22.6, 32.9, 12_300],
  ['codestral-22b@h100', 17.3, 20, 30, 12_400],
  ['codestral-22b@a100', 28.7, 33.8, 57.6, 4400],
  ['codestral-22b@l40sx2', 34.3, 43.1, 73.1, 4100],
  ['qwen2.5-coder-32b@h100', 24.8, 27.8, null, 8900],
  ['qwen2.5-coder-32b@h100x2', 14.3, 16, 22.8, 16_300],
  ['qwen2.5-coder-32b@a100x2', 22.5, 25.8, 42, 5900],
  ['qwen2.5-coder-32b@l40sx4', 26.6, 34.8, 62.1, 3900],
  ['mixtral-8x7b@h100x2', 6.5, 20, 22.9, 40_500],
  ['mixtral-8x7b@a100x2', 9.8, 32.5, 37.9, 14_300],
  ['mixtral-8x7b@l40sx4', 11.7, 38, 49.3, 9400],
  ['llama-3.3-70b@h100x4', 15.6, 17.2, 23.5, 13_100],
  ['llama-3.3-70b@a100x4', 24.5, 27.5, 43, 5000],
  ['llama-3.3-70b@l40sx8', 29.6, 43.5, 88.9, 2100],
] as const)('%s takes as long per step as its published constants say', (name, one, many, most, prefill) => {
  const profile = performanceProfile(name)
  for (const [sequences, ms] of [
    [1, one],
    [32, many],
    [128, most],
  ] as const)
    if (ms !== null) expect(Math.abs(decodeStepMs(profile, sequences) / ms - 1), `${sequences}`).toBeLessThan(0.03)
  expect(Math.abs(prefillTokensPerSecond(profile) / prefill - 1)).toBeLessThan(0.03)
})
