import { planConversations } from './conversations.ts'
import type { Workload } from './workload.ts'

/** People who read an answer before they ask on. */
export const chat: Workload = {
  name: 'chat',
  summary: 'conversations of 1–5 turns, 2–8 k tokens in, 200–400 out',
  plan: (options) =>
    planConversations(
      {
        name: 'chat',
        lane: 'interactive',
        systemTokens: 600,
        firstTokens: [1400, 4000],
        addedTokens: [400, 1200],
        outputTokens: [200, 400],
        turnsMax: 5,
        gapP50Ms: 20_000,
        gapP90Ms: 60_000,
        promptTokensMax: 8000,
      },
      options,
    ),
}
