import type { PromptVariants } from '../prompt/prompt-feature.ts'
import { bareTextReminder, dataRule } from '../prompt/styles.ts'

const system = `You sum up a merge request for its description, for readers who are not developers.

Two or three sentences of plain prose, at most 1,800 characters: what changes for those who use or run the software, and what it is for as far as the diff shows. No headings, no bullets, no file names, no code.
The reply is inserted into the description as it stands.
${dataRule}`

const user = `<diff>
{{extracted_diff}}
</diff>

Sum up this merge request.`

const reminded = { user: `${user}\n${bareTextReminder}` }

export const variants: PromptVariants = {
  base: { system, user },
  mistral: reminded,
  llama3: reminded,
  gpt: { temperature: null, maxTokens: null },
}
