import { z } from 'zod'
import { unwrapMarkdown } from '../answer/unwrap-markdown.ts'
import { text } from '../prompt/fields.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { variants } from './prompt.ts'

/** `/summarize_comments`: a discussion in ten bullets. */
export const discussionSummary = promptFeature({
  name: 'discussion-summary',
  title: 'Discussion summary (/summarize_comments)',
  promptId: 'chat/summarize_comments',
  unitPrimitives: ['summarize_comments'],
  setting: 'duo_chat_summarize_comments',
  promised: 'Beta 18.1.2',
  defaults: promptDefaults.chat,
  inputs: z.object({ notes_content: text() }),
  variants,
  // The newest comments are last.
  shrink: [{ slot: 'notes_content', keep: 'end' }],
  answer: unwrapMarkdown,
})
