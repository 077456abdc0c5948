import type { StreamTally } from './tally.ts'

/** The facts of a run that a verdict rests on. */
export interface RunFacts extends StreamTally {
  /** Tries at all requests together, from the audit log. */
  readonly attempts: number
  /** Times a victim was struck. */
  readonly kills: number
  readonly auditComplete: boolean
}

export interface Limits {
  readonly longestSilenceMs: number
  /** Refused requests, as a part of all: 0 to 1. */
  readonly refusedRatio: number
}

/**
 * A dead or frozen worker may cost a stream 3 s of silence (promise P2), plus the new prefill (50 ms with the nodes used here) and the wait
 * for a slot, for which 450 ms are allowed: the pool is at most 70 % full, so a slot is free as soon as the job is taken.
 */
export const workerFaultLimits: Limits = { longestSilenceMs: 3500, refusedRatio: 0.01 }

export interface Verdict {
  readonly verdict: 'pass' | 'fail'
  /** What failed, one sentence each. */
  readonly failures: string[]
}

/** A run passes when nothing broke its promises, and when there was something to break them. */
export const judge = (facts: RunFacts, limits: Limits): Verdict => {
  const checks: [boolean, string][] = [
    [facts.completed > 0, 'no request was completed'],
    [facts.kills > 0, 'no victim was struck'],
    [facts.lost === 0, `${facts.lost} requests were lost`],
    [facts.bytesWrong === 0, `${facts.bytesWrong} bytes were missing, doubled or different`],
    [facts.serverErrors === 0, `${facts.serverErrors} requests got a server error`],
    [
      facts.refused <= facts.requests * limits.refusedRatio,
      `${facts.refused} of ${facts.requests} requests were refused`,
    ],
    [
      facts.longestSilenceMs <= limits.longestSilenceMs,
      `a stream was silent for ${facts.longestSilenceMs} ms, limit ${limits.longestSilenceMs} ms`,
    ],
    [facts.auditComplete, 'the audit log is not complete'],
  ]
  const failures = checks.flatMap(([holds, sentence]) => (holds ? [] : [sentence]))
  return { verdict: failures.length === 0 ? 'pass' : 'fail', failures }
}
