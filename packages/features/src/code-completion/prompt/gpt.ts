import type { CursorPrompt } from './cursor-prompt.ts'
import { insertionRules } from './cursor-prompt.ts'

const system = `${insertionRules}
The user's message shows the file in two parts, the one after the cursor first.`

/** The text before the cursor comes last: it grows while someone types, and all ahead of it stays cached. */
export const gptPrompt: CursorPrompt = {
  maxTokens: 64,
  stop: [],
  messages: ({ prefix, suffix, language }) => [
    { role: 'system', content: system },
    {
      role: 'user',
      content: `Language: ${language}\nText after the cursor:\n${suffix}\nText before the cursor:\n${prefix}`,
    },
  ],
}
