import { cursorMarker } from '../../code-suggestions/cursor-marker.ts'
import type { CursorPrompt } from './cursor-prompt.ts'
import { insertionRules } from './cursor-prompt.ts'

const system = `${insertionRules}
The user's message is the file, with ${cursorMarker} at the cursor.`

/** The file in one piece, with a placeholder at the cursor. */
export const llama3Prompt: CursorPrompt = {
  maxTokens: 64,
  stop: [],
  messages: ({ prefix, suffix }) => [
    { role: 'system', content: system },
    { role: 'user', content: `${prefix}${cursorMarker}${suffix}` },
  ],
}
