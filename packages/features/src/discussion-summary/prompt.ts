import type { PromptVariants } from '../prompt/prompt-feature.ts'
import { dataRule } from '../prompt/styles.ts'

const system = `You are GitLab Duo Chat, and you sum up the discussion of an issue, epic or merge request for someone who has not read it.

Form: one line in bold that says what it is about and where it stands, an empty line, then at most ten bullets that begin with "- ". Give decisions with their reasons, what is agreed, what is disputed and by whom, open questions, and who does what next. Leave out thanks, repetition and bots.
Write no links, no headings, and nothing that is not in the comments.
${dataRule}`

const user = `<comments>
{{notes_content}}
</comments>

Sum up this discussion.`

const formed = `${user} One line in bold, then at most ten bullets.`

export const variants: PromptVariants = {
  base: { system, user, temperature: 0.1, maxTokens: 2048 },
  mistral: { user: formed },
  llama3: { user: formed },
}
