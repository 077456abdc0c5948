import { z } from 'zod'
import { plainText } from '../answer/plain-text.ts'
import { text } from '../prompt/fields.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { variants } from './prompt.ts'

/** The note that goes with the comments of a review. */
export const reviewSummary = promptFeature({
  name: 'review-summary',
  title: 'Code review summary',
  promptId: 'summarize_review',
  // Version 3.0.0 of GitLab's prompt belongs to the agent platform.
  unitPrimitives: ['summarize_review', 'duo_agent_platform'],
  setting: 'summarize_review',
  promised: 'Experiment 18.1.2',
  defaults: promptDefaults.oneShot,
  inputs: z.object({ draft_notes_content: text() }),
  variants,
  shrink: [{ slot: 'draft_notes_content', keep: 'start' }],
  answer: () => plainText(),
})
