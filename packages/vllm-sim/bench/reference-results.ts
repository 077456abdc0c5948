import type { ClosedLoop, ClosedLoopResult } from './closed-loop.ts'

export interface ReferenceResult {
  readonly loop: ClosedLoop
  readonly expected: Partial<ClosedLoopResult>
}

const llama = (
  gpu: string,
  promptTokens: number,
  outputTokens: number,
  clients: number,
  requestsPerClient: number,
) => ({
  profile: `llama-3.1-8b@${gpu}`,
  promptTokens,
  outputTokens,
  clients,
  requestsPerClient,
})
const chat = (profile: string) => ({
  profile,
  promptTokens: 1500,
  outputTokens: 250,
  clients: 32,
  requestsPerClient: 4,
})

/**
 * What an independent step simulation with the same constants gave: contract §4.4. It does not say how many requests each client made
 * (768 requests in the case with preemptions apart); the numbers here are those that fit.
 */
export const referenceResults: readonly ReferenceResult[] = [
  {
    loop: llama('h100', 1000, 100, 1, 1),
    expected: { ttftMeanMs: 25.9, tpotMeanMs: 6.45, outputTokensPerSecond: 150 },
  },
  { loop: llama('h100', 128, 128, 8, 6), expected: { ttftMeanMs: 26, tpotMeanMs: 6.51, outputTokensPerSecond: 1201 } },
  {
    loop: llama('h100', 128, 128, 64, 6),
    expected: { ttftMeanMs: 199, tpotMeanMs: 7.43, outputTokensPerSecond: 7171 },
  },
  {
    loop: llama('h100', 128, 128, 128, 6),
    expected: { ttftMeanMs: 214, tpotMeanMs: 10.2, outputTokensPerSecond: 10_800 },
  },
  {
    loop: llama('h100', 2000, 500, 64, 3),
    expected: {
      ttftMeanMs: 724,
      ttftMedianMs: 209,
      tpotMeanMs: 18.1,
      gapMedianMs: 13.2,
      outputTokensPerSecond: 3280,
      preemptions: 0,
    },
  },
  {
    loop: llama('h100', 2000, 500, 128, 3),
    expected: {
      ttftMeanMs: 1294,
      ttftMedianMs: 217,
      tpotMeanMs: 30.4,
      gapMedianMs: 20.5,
      outputTokensPerSecond: 3870,
      preemptions: 0,
    },
  },
  {
    loop: llama('h100', 2000, 500, 256, 3),
    expected: {
      ttftMeanMs: 8500,
      ttftMedianMs: 5100,
      tpotMeanMs: 47.8,
      gapMedianMs: 27.8,
      outputTokensPerSecond: 3660,
      preemptions: 157,
    },
  },
  { loop: llama('a100', 1024, 128, 1, 10), expected: { ttftMeanMs: 79, tpotMeanMs: 10.3, outputTokensPerSecond: 92 } },
  {
    loop: llama('a100', 1024, 128, 8, 10),
    expected: { ttftMeanMs: 152, ttftMedianMs: 80, tpotMeanMs: 14.3, outputTokensPerSecond: 519 },
  },
  {
    loop: llama('a100', 1024, 128, 64, 10),
    expected: { ttftMeanMs: 474, ttftMedianMs: 309, tpotMeanMs: 50.7, gapP99Ms: 158, outputTokensPerSecond: 1181 },
  },
  {
    loop: chat('qwen2.5-coder-32b@a100x2'),
    expected: { ttftMeanMs: 1472, ttftMedianMs: 693, tpotMeanMs: 52.5, gapMedianMs: 27.3, outputTokensPerSecond: 547 },
  },
  {
    loop: chat('llama-3.3-70b@h100x4'),
    expected: { ttftMeanMs: 958, ttftMedianMs: 595, tpotMeanMs: 27.7, gapMedianMs: 17.8, outputTokensPerSecond: 1018 },
  },
]
