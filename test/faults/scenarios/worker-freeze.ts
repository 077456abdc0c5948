import { setTimeout as delay } from 'node:timers/promises'
import { recoveryMs } from '../scenario.ts'
import type { Scenario } from '../scenario.ts'
import { workerFaultLimits } from '../verdict.ts'

/** Longer than every silence that is waited for, so the worker comes back as one whose runs have gone to others. */
const frozenMs = 6000

/** A worker stands still, its connections open, and goes on later as if nothing had happened. */
export const workerFreeze: Scenario = {
  name: 'worker-freeze',
  summary: 'SIGSTOP to a random worker for 6 s, then SIGCONT',
  limits: workerFaultLimits,
  victims: ({ workers }) => workers,
  async strike(victim, { stack, beats, signal }) {
    stack.kill(victim, 'SIGSTOP')
    try {
      await delay(frozenMs, undefined, { signal })
    } finally {
      stack.kill(victim, 'SIGCONT')
    }
    await beats.next(victim, recoveryMs)
  },
}
