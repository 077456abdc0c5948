import { placeJob, PrefixMemory, unknownHealth } from '@penstock/scheduling'
import type { NodeChoice } from '@penstock/scheduling'
import { keyTokens } from './block-keys.ts'
import type { Policy } from './policy.ts'

/** Workers that take turns, each with what it sent itself in mind: as many as the suites start. */
const workers = 2
/** Of a chat's first question, what tells conversations apart, tokens: 4,096 characters. */
const openingTokens = 850
/** In-flight limit of a node, as the suites configure it: beyond any load here. */
const inFlightMax = 256

/** Penstock's own placement alone: `placeJob` as the workers call it, without queue, limits and the gateway's cost. */
export const ownPlacement: Policy = {
  name: 'policy penstock-placement',
  summary: `Penstock’s placement alone, ${workers} workers in turn; no queue in front of the nodes`,
  start(nodes) {
    const memories = Array.from({ length: workers }, () => new PrefixMemory())
    let turn = 0
    return {
      place({ request, chain }) {
        const memory = memories[turn++ % workers] as PrefixMemory
        const promptTokens = request.prompt.reduce((sum, { tokens }) => sum + tokens, 0)
        const instructed = request.prompt.reduce((sum, { tokens, instructs }) => sum + (instructs ? tokens : 0), 0)
        const opening = Math.floor((instructed + openingTokens) / keyTokens)
        const key = `${chain[Math.min(chain.length, opening) - 1] ?? 0}`
        const choices = nodes.map(({ index, inFlight, prefillTokens }): NodeChoice => {
          const name = `node-${index + 1}`
          const cachedTokens = Math.min(promptTokens, memory.cachedTokens(name, key))
          const bounds = { limit: inFlightMax, tokensFull: false, health: unknownHealth() }
          return { name, inFlight, prefillTokens, cachedTokens, ...bounds }
        })
        const placed = placeJob(choices, { avoidNodes: [], affinity: [key], promptTokens }, 0)
        const index = choices.findIndex(({ name }) => name === placed?.node)
        const chosen = choices[index]
        if (chosen === undefined) return 'wait'
        memory.sent(chosen.name, { key, tokens: promptTokens, kvTokens: (nodes[index]?.blocks ?? 0) * keyTokens })
        return { node: index, cachedBlocks: Math.floor(chosen.cachedTokens / keyTokens) }
      },
    }
  },
}
