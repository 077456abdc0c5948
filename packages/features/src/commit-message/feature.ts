import { z } from 'zod'
import { plainText } from '../answer/plain-text.ts'
import { text } from '../prompt/fields.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { variants } from './prompt.ts'

/** The message of a merge commit, put into the merge box as it comes. */
export const commitMessage = promptFeature({
  name: 'commit-message',
  title: 'Merge commit message generation',
  promptId: 'generate_commit_message',
  unitPrimitives: ['generate_commit_message'],
  setting: 'generate_commit_message',
  promised: 'Beta 18.1.2',
  defaults: promptDefaults.oneShot,
  inputs: z.object({ diff: text() }),
  variants,
  shrink: [{ slot: 'diff', keep: 'start' }],
  answer: () => plainText(),
})
