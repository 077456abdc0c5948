import { setTimeout as delay } from 'node:timers/promises'
import { brisk, recoveryMs } from '../scenario.ts'
import type { Scenario } from '../scenario.ts'
import { workerFaultLimits } from '../verdict.ts'

const partedMs = 10_000
const ways = ['both', 'up', 'down'] as const

/** F4: a part and its NATS server of three stop hearing each other for 10 s while the connection looks open, both ways or one. */
export const busPartition: Scenario = {
  name: 'bus-partition',
  summary: 'F4: 10 s without a byte between an ingress, a router or a worker and its NATS server of three',
  limits: workerFaultLimits,
  stack: { nodes: 3, routers: 2, ingresses: 2, highlyAvailable: true },
  proxied: true,
  load: brisk,
  everyMs: 15_000,
  victims: () => ['ingress', 'router', 'worker'],
  async strike(kind, { proxies, beats, test, random, signal }) {
    // Servers tell of each other, so a part that has moved may no longer be behind a proxy.
    const links = proxies.names.filter((name) => name.includes('>nats-') && proxies.between(name).inUse)
    const those = links.filter((name) => name.startsWith(kind))
    const candidates = those.length === 0 ? links : those
    const link = candidates[random.between(0, candidates.length - 1)]
    if (link === undefined) throw new Error('every part has left the proxied way to NATS')
    const way = ways[random.between(0, ways.length - 1)] ?? 'both'
    const proxy = proxies.between(link)
    proxy.set({ drop: way })
    try {
      await delay(partedMs, undefined, { signal })
    } finally {
      proxy.set({})
      proxy.reset()
    }
    for (const worker of test.workers) await beats.next(worker, recoveryMs)
    return `${link} (${way})`
  },
}
