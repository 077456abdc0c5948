import { z } from 'zod'
import { toolNames } from './tools.ts'

export const ChatStep = z.object({
  thought: z.string(),
  tool: z.string(),
  toolInput: z.string(),
  observation: z.string(),
})
export type ChatStep = z.infer<typeof ChatStep>

const ContextItem = z.object({ category: z.string(), id: z.string(), content: z.string() })

export const ChatTurn = z.object({
  role: z.enum(['user', 'assistant']),
  content: z.string(),
  /** What the user is looking at: `issue: Release checklist`; '' when nothing is known. */
  page: z.string(),
  file: z.object({ path: z.string(), data: z.string(), selected: z.boolean() }).nullable(),
  context: z.array(ContextItem),
  /** Of an assistant's turn: the tools it used. */
  steps: z.array(ChatStep),
})
export type ChatTurn = z.infer<typeof ChatTurn>

/** What a worker needs to ask for the next step of a chat. */
export const ChatInput = z.object({
  /** The last turn is the user's question. */
  turns: z.array(ChatTurn).min(1),
  /** Tools used for the question so far. */
  steps: z.array(ChatStep),
  tools: z.array(z.enum(toolNames)),
  /** What GitLab says the chat cannot reach. */
  unavailable: z.array(z.string()),
  /** `Friday, November 20, 2026`. */
  today: z.string(),
  /** The administrator's identifier asks for the node's raw text completion. */
  raw: z.boolean(),
})
export type ChatInput = z.infer<typeof ChatInput>
