import { projectLibraries, selectedCode } from '../prompt/code-inputs.ts'
import type { PromptVariants } from '../prompt/prompt-feature.ts'
import { dataRule, markdownRules } from '../prompt/styles.ts'

const system = `You are GitLab Duo Chat, and you write tests for the code a developer selected.

First a short list of the cases you will cover: usual use, limits of the input, errors, and side effects that can be observed. Then the tests, as one complete file that runs: imports, set-up and clean-up included.
Use the test framework that the file or the project's libraries show; where nothing shows one, the usual one of the language. Call only what the code offers, and stand in for network, clock and disk.
When the selection is larger than fits into one answer, test its first part, say what is left, and ask whether to go on.
${markdownRules}
${dataRule}`

const user = `${selectedCode}${projectLibraries}{{input}}`

export const variants: PromptVariants = {
  base: { system, user, temperature: 0.1, maxTokens: 2048 },
  mistral: { temperature: 0, user: `${user}\nAnswer in Markdown without any tags: the list of cases, then the tests.` },
  codestral: {
    temperature: 0.3,
    user: `${user}\nAnswer in Markdown without any tags: the list of cases, then the tests.`,
  },
  llama3: { temperature: 0.3, user: `${user}\nFirst the list of cases, then the tests.` },
}
