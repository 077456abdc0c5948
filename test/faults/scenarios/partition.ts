import { setTimeout as delay } from 'node:timers/promises'
import { brisk, recoveryMs } from '../scenario.ts'
import type { Scenario } from '../scenario.ts'
import { workerFaultLimits } from '../verdict.ts'

const partedMs = 10_000
const ways = ['both', 'up', 'down'] as const

/** F4: two parts stop hearing each other for 10 s while their connections look open, both ways or one. */
export const partition: Scenario = {
  name: 'partition',
  summary:
    'F4: 10 s without a byte between a worker and Redis, a worker and NATS, a router and Redis, or the workers and a node',
  limits: workerFaultLimits,
  stack: { nodes: 3, routers: 2 },
  proxied: true,
  load: brisk,
  everyMs: 15_000,
  victims: ({ workers, routers, nodes }) => [
    ...workers.flatMap((worker) => [`${worker}>redis`, `${worker}>nats`]),
    ...routers.map((router) => `${router}>redis`),
    ...nodes.map(({ name }) => `workers>${name}`),
  ],
  async strike(link, { proxies, beats, test, random, signal }) {
    const way = ways[random.between(0, ways.length - 1)] ?? 'both'
    const proxy = proxies.between(link)
    proxy.set({ drop: way })
    try {
      await delay(partedMs, undefined, { signal })
    } finally {
      // Bytes are missing in the middle of these connections: no use is left in them.
      proxy.set({})
      proxy.reset()
    }
    const [from = '', to = ''] = link.split('>')
    if (to.startsWith('node-')) await beats.nodeUp(to, test.workers, recoveryMs)
    else if (from.startsWith('worker-')) await beats.next(from, recoveryMs)
    return `${link} (${way})`
  },
}
