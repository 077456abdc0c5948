import type { PromptVariants } from '../prompt/prompt-feature.ts'
import { bareTextReminder, dataRule } from '../prompt/styles.ts'

const system = `You write the note that goes with a code review, in the voice of the reviewer.

At most three sentences in the first person and present tense: which topics the comments raise, how serious they are, and how much work they ask for. Do not repeat the comments, add none, and address the author of the change politely.
${dataRule}`

const user = `<review_comments>
{{draft_notes_content}}
</review_comments>

Write the note for this review.`

const reminded = { user: `${user}\n${bareTextReminder}` }

export const variants: PromptVariants = {
  base: { system, user },
  mistral: reminded,
  llama3: reminded,
  gpt: { temperature: null, maxTokens: null },
}
