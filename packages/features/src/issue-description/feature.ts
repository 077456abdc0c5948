import { z } from 'zod'
import { unwrapMarkdown } from '../answer/unwrap-markdown.ts'
import { optionalText, text } from '../prompt/fields.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { variants } from './prompt.ts'

/** An issue's description from its author's notes, in the project's template where there is one. */
export const issueDescription = promptFeature({
  name: 'issue-description',
  title: 'Issue description generation',
  promptId: 'generate_description',
  unitPrimitives: ['generate_issue_description'],
  promised: 'GitLab.com only',
  defaults: promptDefaults.oneShot,
  inputs: z.object({ content: text(), template: optionalText() }),
  variants,
  shrink: [{ slot: 'content', keep: 'start' }],
  answer: unwrapMarkdown,
})
