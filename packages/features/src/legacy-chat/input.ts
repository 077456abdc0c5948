import { z } from 'zod'

/** A conversation whose prompt the caller wrote. */
export const LegacyChatInput = z.object({
  messages: z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })).min(1),
  /** The administrator's identifier asks for the node's raw text completion. */
  raw: z.boolean(),
})
export type LegacyChatInput = z.infer<typeof LegacyChatInput>
