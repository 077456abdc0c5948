import type { PromptVariants } from '../prompt/prompt-feature.ts'
import { bareTextReminder, dataRule } from '../prompt/styles.ts'

const system = `You write commit messages for merge commits in Git.

Form:
- First line: what the change does, in the imperative, 50 to 72 characters, no full stop, no type prefix unless the diff's own history uses one.
- Then an empty line.
- Then one to five lines that begin with "- ", each a change worth knowing and, where the diff shows it, why. Leave them out for a change of a few lines.

Name functions, files and settings as the diff spells them. Do not retell the diff line by line and do not invent reasons, issue numbers or people.
The reply goes into the commit as it stands.
${dataRule}`

const user = `<diff>
{{diff}}
</diff>

Write the commit message for this diff.`

const reminded = { user: `${user}\n${bareTextReminder}` }

export const variants: PromptVariants = {
  base: { system, user },
  mistral: reminded,
  llama3: reminded,
  gpt: { temperature: null, maxTokens: null },
}
