import { recoveryMs } from '../scenario.ts'
import type { Scenario } from '../scenario.ts'
import { workerFaultLimits } from '../verdict.ts'

/** A worker dies at once, in the middle of its streams, and is started anew by whoever keeps it running. */
export const workerKill: Scenario = {
  name: 'worker-kill',
  summary: 'SIGKILL to a random worker every 5 s',
  limits: workerFaultLimits,
  victims: ({ workers }) => workers,
  async strike(victim, { stack, beats }) {
    const { readyCount } = stack.process(victim)
    stack.kill(victim, 'SIGKILL')
    await stack.waitReady(victim, readyCount, recoveryMs)
    await beats.next(victim, recoveryMs)
  },
}
