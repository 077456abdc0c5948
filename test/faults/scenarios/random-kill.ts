import { brisk } from '../scenario.ts'
import type { Scenario } from '../scenario.ts'
import { workerFaultLimits } from '../verdict.ts'
import { untilWell, victimOf } from './heal.ts'

/** F1: any part behind the ingress dies at once, one at a time, the next when the last is part of the whole again. */
export const randomKill: Scenario = {
  name: 'random-kill',
  summary: 'F1: SIGKILL to a random router, worker, NATS node, Redis primary, node or audit service every 5 s',
  limits: workerFaultLimits,
  stack: { nodes: 3, routers: 2, ingresses: 2, highlyAvailable: true },
  load: brisk,
  victims: () => ['router', 'worker', 'nats', 'redis', 'node', 'audit'],
  async strike(kind, stage) {
    const victim = await victimOf(kind, stage)
    const { readyCount } = stage.stack.process(victim)
    stage.stack.kill(victim, 'SIGKILL')
    await untilWell(victim, readyCount, stage)
    return victim
  },
}
