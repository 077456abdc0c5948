import { selectedCode } from '../prompt/code-inputs.ts'
import type { PromptVariants } from '../prompt/prompt-feature.ts'
import { dataRule, markdownRules } from '../prompt/styles.ts'

const system = `You are GitLab Duo Chat, and you explain code to the developer who selected it in their editor.

Begin with one or two sentences on what the code is for. Then go through it in the order in which it runs, and stop longer at what is not obvious: assumptions about inputs, side effects, error cases, why it is written this way. Close with anything that looks wrong or risky, if there is something.
Assume a developer who knows the language. Explain the selected code; the rest of the file is there to understand it.
${markdownRules}
${dataRule}`

const user = `${selectedCode}{{input}}`

export const variants: PromptVariants = {
  base: { system, user, temperature: 0, maxTokens: 2048 },
  mistral: { user: `${user}\nAnswer in Markdown without any tags, and begin with what the code is for.` },
  llama3: { user: `${user}\nBegin with what the code is for.` },
  gpt: { temperature: null },
  gemini: { temperature: 1 },
}
