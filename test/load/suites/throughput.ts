import type { PathRow } from '../path-rows.ts'
import { pathSuite } from './path-suite.ts'

/** A rate is sustained when nearly every answer is right and the first token comes in time. */
const sustainedAt = { ttftP99Ms: 250, errorRatio: 0.001 } as const

const sustained = ({ ttftMs, errors, requests }: PathRow): boolean =>
  ttftMs !== null && ttftMs.p99 <= sustainedAt.ttftP99Ms && errors <= requests * sustainedAt.errorRatio

/** How many short answers a path passes on per second before its tail gives way. */
export const throughput = pathSuite({
  name: 'throughput',
  summary: 'requests per second of 16 tokens until the tail gives way',
  workload: { promptTokens: 200, outputTokens: 16, ttftMs: 20, itlMs: 10 },
  rates: [100, 200, 300, 400, 600, 800],
  quickRates: [100, 200, 400],
  seconds: 8,
  quickSeconds: 3,
  quickRounds: 1,
  drainMs: 3000,
  saturated: (row) => !sustained(row),
  judge(rows) {
    const subjects = [...new Set(rows.map(({ subject }) => subject))]
    const most = subjects.map((subject) => ({
      subject,
      sustainedRps: Math.max(
        0,
        ...rows.filter((row) => row.subject === subject && sustained(row)).map(({ rps }) => rps),
      ),
    }))
    return {
      facts: {
        sustainedAt,
        sustainedRps: Object.fromEntries(most.map(({ subject, sustainedRps }) => [subject, sustainedRps])),
      },
      lines: most.map(({ subject, sustainedRps }) => `${subject} sustains ${sustainedRps} requests/s`),
      failures: [],
    }
  },
})
