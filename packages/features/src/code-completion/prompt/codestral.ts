import { fimForms } from '@penstock/models'
import type { CursorPrompt } from './cursor-prompt.ts'
import { insertionRules } from './cursor-prompt.ts'

const system = `${insertionRules}
In the user's message the text after the cursor stands behind [SUFFIX], the text before the cursor behind [PREFIX].`

/** Mistral models see suffix first, then the prefix to go on from. */
export const mistralPrompt: CursorPrompt = {
  maxTokens: 64,
  stop: fimForms.codestral.stops,
  messages: ({ prefix, suffix }) => [
    { role: 'system', content: system },
    { role: 'user', content: fimForms.codestral.layOut(prefix, suffix) },
  ],
}

export const codestralPrompt: CursorPrompt = { ...mistralPrompt, temperature: 0.32 }
