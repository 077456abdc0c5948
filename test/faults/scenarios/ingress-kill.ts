import { brisk, recoveryMs } from '../scenario.ts'
import type { Scenario } from '../scenario.ts'
import { workerFaultLimits } from '../verdict.ts'

/** F2: an ingress dies with the requests it owns. The others must not notice; each of its requests ends on record when it is back. */
export const ingressKill: Scenario = {
  name: 'ingress-kill',
  summary: 'F2: SIGKILL to one of two ingresses; only its own streams break, and each ends on record',
  limits: workerFaultLimits,
  stack: { ingresses: 2 },
  load: brisk,
  everyMs: 10_000,
  cutsStreamsOf: (victim) => victim,
  victims: ({ ingresses }) => ingresses,
  async strike(victim, { stack }) {
    const { readyCount } = stack.process(victim)
    stack.kill(victim, 'SIGKILL')
    await stack.waitReady(victim, readyCount, recoveryMs)
  },
}
