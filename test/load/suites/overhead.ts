import { missedAims } from '../path-rows.ts'
import { pathSuite } from './path-suite.ts'

/** What a path adds to a request at rates far below its limit. */
export const overhead = pathSuite({
  name: 'overhead',
  summary: 'what a path adds to a request: TTFT and CPU at 20, 100 and 200 requests/s of 100 tokens',
  // 8 KB of prompt; nodes that take 20 ms to the first token and 10 ms to each further one.
  workload: { promptTokens: 1600, outputTokens: 100, ttftMs: 20, itlMs: 10 },
  rates: [20, 100, 200],
  quickRates: [20, 100],
  seconds: 12,
  quickSeconds: 3,
  quickRounds: 2,
  drainMs: 8000,
  saturated: ({ requests, errors, ttftMs }) => ttftMs === null || ttftMs.p50 > 1000 || errors > requests * 0.1,
  judge(rows) {
    const missed = missedAims(rows)
    return {
      facts: { missedAims: missed },
      lines: missed.map((sentence) => `missed: ${sentence}`),
      failures: missed.filter((sentence) => sentence.includes('without a right answer')),
    }
  },
})
