import type { CursorPrompt } from './cursor-prompt.ts'
import { insertionRules } from './cursor-prompt.ts'

const system = `${insertionRules}
The user's message names language and file, then holds the text after the cursor in <after_cursor> and the text before it in <before_cursor>.`

/** For every family without a prompt of its own. The part that grows while someone types comes last. */
export const basePrompt: CursorPrompt = {
  maxTokens: 128,
  stop: [],
  messages: ({ prefix, suffix, fileName, language }) => [
    { role: 'system', content: system },
    {
      role: 'user',
      content: [
        `<language>${language}</language>`,
        `<file_name>${fileName}</file_name>`,
        `<after_cursor>${suffix}</after_cursor>`,
        `<before_cursor>${prefix}</before_cursor>`,
      ].join('\n'),
    },
  ],
}
