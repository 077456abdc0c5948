import { hashText } from './block-keys.ts'
import { BlockIndex } from './block-index.ts'
import { ownPlacement } from './own-placement.ts'
import type { Policy, PolicyNode } from './policy.ts'

const least = (nodes: readonly PolicyNode[], of: (node: PolicyNode) => number): PolicyNode =>
  nodes.reduce((best, node) => (of(node) < of(best) ? node : best))

const most = (nodes: readonly PolicyNode[], of: (node: PolicyNode) => number): PolicyNode =>
  least(nodes, (node) => -of(node))

const roundRobin: Policy = {
  name: 'policy round-robin',
  summary: 'each request to the next node; no queue in front of the nodes',
  start(nodes) {
    let next = 0
    return { place: () => ({ node: next++ % nodes.length }) }
  },
}

const leastLoad: Policy = {
  name: 'policy least-load',
  summary: 'the node with the fewest requests in flight; no queue in front of the nodes',
  start: (nodes) => ({ place: () => ({ node: least(nodes, ({ inFlight }) => inFlight).index }) }),
}

const sessionHash: Policy = {
  name: 'policy session-hash',
  summary: 'the node that the session’s name hashes to',
  start: (nodes) => ({ place: ({ request }) => ({ node: hashText(request.session) % nodes.length }) }),
}

/** In-flight requests per node in front of which a FIFO gateway lets its own queue grow: vLLM's usual batch. */
const fifoInFlightMax = 64

const fifo: Policy = {
  name: 'policy fifo',
  summary: `one queue in order of arrival, ${fifoInFlightMax} requests in flight per node, to the least loaded`,
  start: (nodes) => ({
    place() {
      const node = least(nodes, ({ inFlight }) => inFlight)
      return node.inFlight < fifoInFlightMax ? { node: node.index } : 'wait'
    },
  }),
}

/** Weights of the scorers as llm-d's documentation of its default profile gives them: prefix 3, queue 2, KV use 2. */
const weights = { prefix: 3, queue: 2, kv: 2 } as const

const prefixLoad: Policy = {
  name: 'policy prefix+load',
  summary: 'llm-d’s scorers as documented: share of the prompt cached (3), waiting queue (2), free KV cache (2)',
  start(nodes) {
    const index = new BlockIndex(nodes)
    return {
      place({ chain }) {
        const waiting = nodes.map((node) => node.load().waiting)
        const longest = Math.max(1, ...waiting)
        const chosen = most(nodes, (node) => {
          const cached = chain.length === 0 ? 0 : index.matched(node.index, chain) / chain.length
          const queue = 1 - (waiting[node.index] ?? 0) / longest
          return weights.prefix * cached + weights.queue * queue + weights.kv * (1 - node.load().kvCacheUsageRatio)
        })
        const cachedBlocks = index.matched(chosen.index, chain)
        index.sent(chosen.index, chain)
        return { node: chosen.index, cachedBlocks }
      },
    }
  },
}

/** Its threshold is the node's peak prefill rate times a wait that is tolerated; its affinity is the share of the prompt that is cached. */
const saturation = { toleratedWaitS: 2, affinity: 0.8 } as const

const stickyUntilSaturated: Policy = {
  name: 'policy sticky-until-saturated',
  summary: `llm-d’s rule of 2026-08 as documented: the node that has ${saturation.affinity * 100} % of the prompt until ${saturation.toleratedWaitS} s of prefill wait there, then the one with the least`,
  start(nodes, prefillTokensPerSecond) {
    const index = new BlockIndex(nodes)
    const saturatedTokens = prefillTokensPerSecond * saturation.toleratedWaitS
    return {
      place({ chain }) {
        const matched = nodes.map((node) => index.matched(node.index, chain))
        const home = most(nodes, (node) => matched[node.index] ?? 0)
        const sticks =
          (matched[home.index] ?? 0) >= saturation.affinity * chain.length && home.prefillTokens <= saturatedTokens
        const chosen = sticks ? home : least(nodes, ({ prefillTokens, inFlight }) => prefillTokens + inFlight)
        index.sent(chosen.index, chain)
        return { node: chosen.index, cachedBlocks: matched[chosen.index] ?? 0 }
      },
    }
  },
}

/** Policies that products describe and nobody can run here as a product, and our own way of choosing without the product around it. */
export const policies: readonly Policy[] = [
  roundRobin,
  leastLoad,
  sessionHash,
  fifo,
  prefixLoad,
  stickyUntilSaturated,
  ownPlacement,
]

export const policyNames: readonly string[] = policies.map(({ name }) => name)
