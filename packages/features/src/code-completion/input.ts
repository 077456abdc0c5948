import { z } from 'zod'

/** What a worker needs to ask for the text at a cursor. */
export const CodeCompletionInput = z.object({
  prefix: z.string(),
  suffix: z.string(),
  fileName: z.string(),
  /** Language as the prompt names it; null when nothing tells it, and then no model is asked. */
  language: z.string().nullable(),
  /** Contents of related files, from the editor. */
  context: z.array(z.string()),
  /** Path or id of the project, to place requests of one file on one node. */
  project: z.string().nullable(),
  /** Ask the node's raw text completion instead of its chat: the administrator's identifier says so. */
  raw: z.boolean(),
})
export type CodeCompletionInput = z.infer<typeof CodeCompletionInput>
