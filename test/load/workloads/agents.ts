import { planConversations } from './conversations.ts'
import type { Workload } from './workload.ts'

/**
 * Agents that work in short steps on a long context. Gaps and answers as published of 219 coding sessions (gap p50 2 s, p90 24 s, 317 tokens
 * out); their context of 195 k tokens is scaled to 8–40 k, with the same share of it re-used from turn to turn.
 */
export const agents: Workload = {
  name: 'agents',
  summary: 'sessions of up to 20 steps on 8–40 k tokens that grow, gaps of 2 s (p50) to 24 s (p90), 100–500 tokens out',
  plan: (options) =>
    planConversations(
      {
        name: 'agents',
        lane: 'interactive',
        systemTokens: 4096,
        firstTokens: [4000, 16_000],
        addedTokens: [500, 2000],
        outputTokens: [100, 500],
        turnsMax: 20,
        gapP50Ms: 2000,
        gapP90Ms: 24_000,
        promptTokensMax: 40_000,
      },
      options,
    ),
}
