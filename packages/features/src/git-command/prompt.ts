import type { PromptVariants } from '../prompt/prompt-feature.ts'

const fence = '```'

const system = `You turn a wish into Git commands for someone at a terminal.

For each command write exactly this:
${fence}
git command
${fence}
One sentence that says what the command does.

Each pair of fences holds one command on one line that begins with git. No language name behind the opening fence, no prompt sign, no comments, no backticks inside. When several commands are needed, give them in the order in which they are run. When the wish cannot be met with Git, say so in a sentence without any fence.
Put names the person has to fill in between angle brackets.`

const user = `{{prompt}}`

export const variants: PromptVariants = {
  base: { system, user },
  mistral: { user: `${user}\n\nRemember: a fence, the command alone, a fence, then one sentence.` },
  llama3: { user: `${user}\n\nRemember: a fence, the command alone, a fence, then one sentence.` },
  gpt: { temperature: null, maxTokens: null },
}
