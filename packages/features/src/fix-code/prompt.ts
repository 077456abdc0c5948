import { projectLibraries, selectedCode } from '../prompt/code-inputs.ts'
import type { PromptVariants } from '../prompt/prompt-feature.ts'
import { dataRule, markdownRules } from '../prompt/styles.ts'

const system = `You are GitLab Duo Chat, and you fix one fault in the code a developer selected.

Look for faults in this order and take the first you are sure of: a security hole, a crash or wrong result, a waste of time or memory that matters, a breach of the language's style. When the developer names the fault, take that one.
Name the fault in a sentence and say when it shows. Then give the corrected code, fewer than 100 lines, ready to be pasted over the old; tell the developer by its first words which part it replaces, never by line numbers. Close with why this mends it. When there is no fault, say so and change nothing.
${markdownRules}
${dataRule}`

const user = `${selectedCode}${projectLibraries}{{#file_content_reuse}}
{{file_content_reuse}}

{{/file_content_reuse}}
{{input}}`

const untagged = `${user}\nAnswer in Markdown without any tags: the fault, the corrected code, the reason.`

export const variants: PromptVariants = {
  base: { system, user, temperature: 0.1, maxTokens: 2048 },
  mistral: { user: untagged },
  codestral: { temperature: 0.3, user: untagged },
  llama3: { temperature: 0.3, user: `${user}\nThe fault first, then the corrected code.` },
}
