import { brisk } from '../scenario.ts'
import type { Scenario } from '../scenario.ts'
import { workerFaultLimits } from '../verdict.ts'
import { untilWell } from './heal.ts'

/** F10: any part is asked to stop and started anew, one at a time, the next when the last is part of the whole again, under load. */
export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  summary: 'F10: SIGTERM to an ingress, router, worker, node, NATS server or the audit service, one after the other',
  limits: workerFaultLimits,
  stack: { nodes: 3, routers: 2, ingresses: 2, highlyAvailable: true },
  load: brisk,
  everyMs: 2000,
  victims: ({ ingresses, routers, workers, nodes }) => [
    ...ingresses,
    ...routers,
    ...workers,
    ...nodes.map(({ name }) => name),
    'audit',
    'nats-1',
    'nats-2',
    'nats-3',
  ],
  async strike(victim, stage) {
    const { readyCount } = stage.stack.process(victim)
    stage.stack.kill(victim, 'SIGTERM')
    await untilWell(victim, readyCount, stage)
  },
}
