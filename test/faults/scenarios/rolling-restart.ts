import { brisk } from '../scenario.ts'
import type { Scenario } from '../scenario.ts'
import { workerFaultLimits } from '../verdict.ts'
import { untilWell } from './heal.ts'

/** F10: every part behind the ingress is asked to stop and started anew, one after the other, under load. */
export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  summary: 'F10: SIGTERM to every router, worker, node and audit service, one after the other',
  limits: workerFaultLimits,
  stack: { nodes: 3, routers: 2, ingresses: 2, highlyAvailable: true },
  load: brisk,
  everyMs: 2000,
  victims: ({ routers, workers, nodes }) => [...routers, ...workers, ...nodes.map(({ name }) => name), 'audit'],
  async strike(victim, stage) {
    const { readyCount } = stage.stack.process(victim)
    stage.stack.kill(victim, 'SIGTERM')
    await untilWell(victim, readyCount, stage)
  },
}
