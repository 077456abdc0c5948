import { brisk, recoveryMs } from '../scenario.ts'
import type { Scenario } from '../scenario.ts'
import { workerFaultLimits } from '../verdict.ts'

/** F7: the only NATS server, or the only Redis with all it holds, is gone and comes back empty. */
export const wipe: Scenario = {
  name: 'wipe',
  summary: 'F6 and F7: SIGKILL to the only NATS server or the only Redis, which comes back empty',
  limits: workerFaultLimits,
  stack: { nodes: 2, routers: 2 },
  load: brisk,
  everyMs: 8000,
  victims: () => ['nats', 'redis'],
  async strike(victim, { stack, beats, test }) {
    const { readyCount } = stack.process(victim)
    stack.kill(victim, 'SIGKILL')
    await stack.waitReady(victim, readyCount, recoveryMs)
    for (const worker of test.workers) await beats.next(worker, recoveryMs)
  },
}
