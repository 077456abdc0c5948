import { expect, test } from 'vitest'
import { Tally } from './tally.ts'
import type { Observation } from './stream-probe.ts'
import { judge, workerFaultLimits } from './verdict.ts'
import type { RunFacts } from './verdict.ts'

const good: RunFacts = {
  requests: 200,
  completed: 198,
  refused: 2,
  lost: 0,
  cut: 0,
  bytesWrong: 0,
  serverErrors: 0,
  longestSilenceMs: 3500,
  ttfbMsMax: 900,
  attempts: 240,
  kills: 11,
  auditComplete: true,
}

test('a run at every limit passes', () => {
  expect(judge(good, workerFaultLimits)).toEqual({ verdict: 'pass', failures: [] })
})

test.each([
  [{ lost: 1 }, /1 requests were lost/],
  [{ bytesWrong: 1 }, /1 bytes/],
  [{ serverErrors: 1 }, /server error/],
  [{ refused: 3 }, /3 of 200 requests were refused/],
  [{ longestSilenceMs: 3501 }, /silent for 3501 ms/],
  [{ auditComplete: false }, /audit log/],
  [{ kills: 0 }, /no victim/],
  [{ completed: 0 }, /no request was completed/],
])('%o fails the run and says why', (change, reason) => {
  const { verdict, failures } = judge({ ...good, ...change }, workerFaultLimits)
  expect(verdict).toBe('fail')
  expect(failures).toHaveLength(1)
  expect(failures[0]).toMatch(reason)
})

test('a tally counts every request once and keeps the worst waits', () => {
  const seen = (change: Partial<Observation>): Observation => ({
    outcome: 'completed',
    status: 200,
    bytesWrong: 0,
    longestSilenceMs: 20,
    ttfbMs: 60,
    retryAfterMs: 0,
    problem: null,
    ...change,
  })
  const tally = new Tally()
  for (const one of [seen({}), seen({ longestSilenceMs: 2400.6 }), seen({ ttfbMs: 700 }), seen({ bytesWrong: 5 })])
    tally.add(one)
  for (const outcome of ['refused', 'server-error', 'lost', 'cut'] as const) tally.add(seen({ outcome, ttfbMs: 9000 }))
  expect(tally.sums).toEqual({
    requests: 8,
    completed: 4,
    refused: 1,
    lost: 1,
    cut: 1,
    bytesWrong: 5,
    serverErrors: 1,
    longestSilenceMs: 2401,
    ttfbMsMax: 700,
  })
})
