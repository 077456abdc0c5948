import { z } from 'zod'
import { plainText } from '../answer/plain-text.ts'
import { text } from '../prompt/fields.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { variants } from './prompt.ts'

/** GitLab asks for no more in a merge request's description. */
const charsMax = 1800

/** A merge request in two or three sentences, for its description. */
export const mergeRequestSummary = promptFeature({
  name: 'merge-request-summary',
  title: 'Merge request summary',
  promptId: 'summarize_new_merge_request',
  unitPrimitives: ['summarize_new_merge_request'],
  setting: 'summarize_new_merge_request',
  promised: 'Beta 18.1.2',
  defaults: promptDefaults.oneShot,
  inputs: z.object({ extracted_diff: text() }),
  variants,
  shrink: [{ slot: 'extracted_diff', keep: 'start' }],
  answer: () => plainText({ charsMax }),
})
