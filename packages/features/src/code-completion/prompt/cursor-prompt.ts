import type { ChatMessage } from '@penstock/models'

/** The text around a cursor, already cut to the model's size. */
export interface CursorPromptInput {
  readonly prefix: string
  readonly suffix: string
  readonly fileName: string
  readonly language: string
}

/** How to ask a model family for the code at the cursor. */
export interface CursorPrompt {
  readonly maxTokens: number
  /** Undefined: the family's own. */
  readonly temperature?: number
  readonly stop: readonly string[]
  readonly messages: (input: CursorPromptInput) => ChatMessage[]
}

/** Constant, and first in its prompt: nodes keep it in their prefix cache. */
export const insertionRules = [
  'You are the completion engine of a code editor.',
  'Write the code that goes in at the cursor, so that the text before it, your code and the text after it read as one file.',
  'Your whole reply is inserted as it stands. Reply with code only: no explanation, no Markdown fence, no markers or tags.',
  'Begin exactly where the text before the cursor ends and do not write any of it again.',
  'Stop where the text after the cursor goes on and do not write any of it again.',
  'Keep to the indentation, naming and idiom of the file. Prefer a short completion that is sure over a long one that is a guess.',
  'When nothing sensible can be inserted, reply with nothing.',
].join('\n')
