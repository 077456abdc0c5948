import { estimateTokens } from '@penstock/models'
import type { Feature } from '../feature.ts'
import { LegacyChatInput } from './input.ts'
import { legacyChatNames } from './request.ts'

/** What GitLab's gateway sends for self-hosted models, whatever the caller asks (contract http §8.6). */
const sampling = { temperature: 0.2, topP: 0.95, maxTokens: 2048 } as const

/** Enough of a text to tell conversations apart. */
const affinityCharsMax = 16_384

/** The chats of old GitLab versions and of support's connection checks: the caller's own messages, relayed. */
export const legacyChat: Feature<LegacyChatInput> = {
  name: 'legacy-chat',
  input: LegacyChatInput,
  defaults: { lane: 'interactive', firstByteMs: 55_000, totalMs: 300_000 },
  about: {
    title: 'Chat of GitLab before 17.5, and connection checks',
    endpoints: Object.keys(legacyChatNames).map((name) => `POST /v1/chat/${name}`),
    setting: 'duo_chat',
    unitPrimitives: [...new Set(Object.values(legacyChatNames).flat())],
    promised: 'diagnosis only',
    promptVariants: [],
  },

  render({ messages, raw }, model) {
    const stop = model.family === 'mistral' ? { stop: ['</new_code>'] } : {}
    if (raw)
      return { kind: 'completion', prompt: messages.map(({ content }) => content).join('\n\n'), ...sampling, ...stop }
    return { kind: 'chat', messages, ...sampling, ...stop }
  },

  size({ messages }) {
    const promptTokensEstimate = messages.reduce((sum, { content }) => sum + estimateTokens(content), 0)
    return { promptTokensEstimate, outputTokensMax: sampling.maxTokens }
  },

  affinity({ messages }) {
    return [`legacy-chat\n${messages[0]?.content.slice(0, affinityCharsMax) ?? ''}`]
  },
}
