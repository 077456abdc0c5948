import { z } from 'zod'
import { promptFeature } from '../prompt/prompt-feature.ts'

/**
 * "Test connection" in the administrator's settings. GitLab waits 3 s, so it runs ahead of everything else; any text is a success, and so
 * is none: a reasoning model uses up these 16 tokens before it says a word.
 */
export const connectionTest = promptFeature({
  name: 'connection-test',
  title: 'Self-hosted model connection test',
  promptId: 'model_configuration/check',
  unitPrimitives: ['complete_code'],
  promised: 'GA 17.9',
  defaults: { lane: 'completion', firstByteMs: 2500, totalMs: 2700 },
  inputs: z.object({}),
  variants: {
    base: { system: '', user: 'Reply with the one word: Hello', temperature: 0, maxTokens: 16 },
    gpt: { temperature: null },
  },
  connectionTest: true,
})
