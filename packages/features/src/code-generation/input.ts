import { z } from 'zod'

/** What a worker needs to ask for new code at a cursor. */
export const CodeGenerationInput = z.object({
  above: z.string(),
  below: z.string(),
  fileName: z.string(),
  /** As GitLab shows it, `C++` for instance; '' when it does not know. */
  language: z.string(),
  instruction: z.string(),
  examples: z.array(z.object({ example: z.string(), response: z.string() })),
  /** Related files and snippets, in GitLab's tags. */
  related: z.array(z.string()),
  libraries: z.array(z.string()),
  /** Messages that old clients wrote themselves: they stand in for our prompt. */
  messages: z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })).nullable(),
  project: z.string().nullable(),
  /** Ask the node's raw text completion instead of its chat. */
  raw: z.boolean(),
})
export type CodeGenerationInput = z.infer<typeof CodeGenerationInput>
