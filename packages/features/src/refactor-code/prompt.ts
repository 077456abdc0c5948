import { projectLibraries, selectedCode } from '../prompt/code-inputs.ts'
import type { PromptVariants } from '../prompt/prompt-feature.ts'
import { dataRule, markdownRules } from '../prompt/styles.ts'

const system = `You are GitLab Duo Chat, and you refactor the code a developer selected. Its behaviour stays the same: names that others use, signatures, results and errors.

Choose what helps most: names, duplication, length, nesting, dead code, an idiom of the language. Rewrite fewer than 100 lines; in a longer selection choose the part that gains most and say by its first words where it stands, never by line numbers.
Answer with a sentence on what you change and why, then the new code, ready to be pasted over the old, then what to watch when using it, if there is something. When the code is fine as it is, say so.
${markdownRules}
${dataRule}`

const user = `${selectedCode}${projectLibraries}{{#file_content_reuse}}
{{file_content_reuse}}

{{/file_content_reuse}}
{{input}}`

const untagged = `${user}\nAnswer in Markdown without any tags: a sentence, then the new code.`

export const variants: PromptVariants = {
  base: { system, user, temperature: 0.1, maxTokens: 2048 },
  mistral: { temperature: 0, user: untagged },
  codestral: { temperature: 0.3, user: untagged },
  llama3: { temperature: 0, user: `${user}\nA sentence first, then the new code.` },
}
