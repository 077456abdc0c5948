import { z } from 'zod'

/** What of a running node can be changed; also its start options. */
export const NodeSettings = z.strictObject({
  /** From the start of work on a request to its first token. */
  ttftMs: z.number().min(0).default(20),
  /** Between two tokens of a request. */
  itlMs: z.number().min(0).default(10),
  /** Requests worked on at once (`--max-num-seqs`). */
  sequencesMax: z.int().min(1).default(256),
  /** Tokens the KV cache holds; scales the usage reported. */
  kvCacheTokens: z.int().min(1).default(400_000),
  /** Prompt and answer together, tokens (`--max-model-len`). */
  modelLengthMax: z.int().min(1).default(131_072),
  /** Probability per word that an answer ends there by itself. */
  endProbability: z.number().min(0).max(1).default(0),
  /** `first`: a chat with tools calls the first of them, until a tool result is the last message. */
  toolCalls: z.enum(['first', 'never']).default('first'),
})
export type NodeSettings = z.infer<typeof NodeSettings>

export const defaultSettings: NodeSettings = NodeSettings.parse({})

/** The settings with a change applied. Throws ZodError for values out of range or unknown names. */
export const changedSettings = (settings: NodeSettings, change: unknown): NodeSettings =>
  NodeSettings.parse({ ...settings, ...z.record(z.string(), z.unknown()).parse(change) })
