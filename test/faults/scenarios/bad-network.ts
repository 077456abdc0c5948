import { setTimeout as delay } from 'node:timers/promises'
import type { Toxics } from '../fault-proxy.ts'
import { brisk } from '../scenario.ts'
import type { Scenario } from '../scenario.ts'
import { workerFaultLimits } from '../verdict.ts'

const badMs = 5000

const kinds: Readonly<Record<string, Toxics>> = {
  slow: { latencyMs: 200, jitterMs: 100 },
  narrow: { bytesPerSecond: 64 * 1024 },
  resets: {},
}

/** F5: every connection between the parts gets slow, narrow, or is reset again and again. */
export const badNetwork: Scenario = {
  name: 'bad-network',
  summary: 'F5: 200±100 ms latency, 64 kB/s, or resets on all connections between the parts for 5 s',
  limits: workerFaultLimits,
  stack: { nodes: 3, routers: 2 },
  proxied: true,
  load: { ...brisk, concurrent: 20 },
  everyMs: 10_000,
  victims: () => Object.keys(kinds),
  async strike(kind, { proxies, random, signal }) {
    const all = proxies.names.map((name) => proxies.between(name))
    for (const proxy of all) proxy.set(kinds[kind] ?? {})
    const until = performance.now() + badMs
    try {
      while (performance.now() < until) {
        await delay(500, undefined, { signal })
        if (kind === 'resets') all[random.between(0, all.length - 1)]?.reset()
      }
    } finally {
      for (const proxy of all) proxy.set({})
    }
  },
}
