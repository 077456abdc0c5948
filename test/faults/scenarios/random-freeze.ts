import { setTimeout as delay } from 'node:timers/promises'
import { brisk } from '../scenario.ts'
import type { Scenario } from '../scenario.ts'
import { workerFaultLimits } from '../verdict.ts'
import { untilWell, victimOf } from './heal.ts'

/** Longer than every silence that is waited for, so the victim comes back as one that others have replaced. */
const frozenMs = 6000

/** F3: any part behind the ingress stands still, its connections open, and goes on later as if nothing had happened. */
export const randomFreeze: Scenario = {
  name: 'random-freeze',
  summary: 'F3: SIGSTOP for 6 s to a random router, worker, NATS node, Redis primary, node or audit service',
  limits: workerFaultLimits,
  stack: { nodes: 3, routers: 2, ingresses: 2, highlyAvailable: true },
  load: brisk,
  everyMs: 10_000,
  victims: () => ['router', 'worker', 'nats', 'redis', 'node', 'audit'],
  async strike(kind, stage) {
    const victim = await victimOf(kind, stage)
    stage.stack.kill(victim, 'SIGSTOP')
    try {
      await delay(frozenMs, undefined, { signal: stage.signal })
    } finally {
      stage.stack.kill(victim, 'SIGCONT')
    }
    await untilWell(victim, null, stage)
    return victim
  },
}
