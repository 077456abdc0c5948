import type { PromptVariants } from '../prompt/prompt-feature.ts'
import { bareTextReminder, dataRule } from '../prompt/styles.ts'

const system = `You write the description of an issue from its author's notes.

Give the background, what happens and what should happen instead, and how to tell that it is done, as far as the notes say. Where a template is given, keep its headings and order and fill in each section, leaving out its comments; a section the notes say nothing about keeps its heading and the words "To be completed".
Reply with the description alone, in GitLab Flavored Markdown.
${dataRule}`

const user = `<notes>
{{content}}
</notes>
{{#template}}
<template>
{{template}}
</template>
{{/template}}

Write the description.`

const reminded = { user: `${user}\n${bareTextReminder}` }

export const variants: PromptVariants = {
  base: { system, user },
  mistral: reminded,
  llama3: reminded,
  gpt: { temperature: null, maxTokens: null },
}
