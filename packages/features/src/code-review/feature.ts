import { z } from 'zod'
import { wholeText } from '../answer/text-stream.ts'
import { optionalText, text } from '../prompt/fields.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { readableReview } from './answer.ts'
import { variants } from './prompt.ts'

/**
 * GitLab's own review of a merge request. A diff that does not fit the model is not shortened: the node refuses it, and GitLab asks
 * again without whole files.
 */
export const codeReview = promptFeature({
  name: 'code-review',
  title: 'Code review',
  promptId: 'review_merge_request',
  unitPrimitives: ['review_merge_request'],
  setting: 'review_merge_request',
  promised: 'GA 18.3',
  defaults: promptDefaults.oneShot,
  inputs: z.object({
    mr_title: text(),
    mr_description: optionalText(),
    diff_lines: text(),
    full_file_intro: optionalText(),
    full_content_section: optionalText(),
    custom_instructions_section: optionalText(),
  }),
  variants,
  answer: ({ diff_lines }) => wholeText((answer) => readableReview(answer, diff_lines)),
})
