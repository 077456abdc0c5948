import { z } from 'zod'
import { unwrapMarkdown } from '../answer/unwrap-markdown.ts'
import { optionalText, text } from '../prompt/fields.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { variants } from './prompt.ts'

/** `/troubleshoot`: why a job failed, from the tail of its log. */
export const troubleshootJob = promptFeature({
  name: 'troubleshoot-job',
  title: 'Root cause analysis (/troubleshoot)',
  promptId: 'chat/troubleshoot_job',
  unitPrimitives: ['troubleshoot_job'],
  setting: 'duo_chat_troubleshoot_job',
  promised: 'Beta 17.10',
  defaults: promptDefaults.chat,
  inputs: z.object({ selected_text: text(), language_info: optionalText(), input: optionalText() }),
  variants,
  // Jobs fail at the end of their logs.
  shrink: [{ slot: 'selected_text', keep: 'end' }],
  answer: unwrapMarkdown,
})
