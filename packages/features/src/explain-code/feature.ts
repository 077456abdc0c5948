import { z } from 'zod'
import { unwrapMarkdown } from '../answer/unwrap-markdown.ts'
import { codeInputs, codeShrink } from '../prompt/code-inputs.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { variants } from './prompt.ts'

/** `/explain`: what the selected code does. */
export const explainCode = promptFeature({
  name: 'explain-code',
  title: 'Code explanation (/explain)',
  promptId: 'chat/explain_code',
  unitPrimitives: ['explain_code'],
  setting: 'duo_chat_explain_code',
  promised: 'GA 17.9',
  defaults: promptDefaults.chat,
  inputs: z.object(codeInputs),
  variants,
  shrink: codeShrink,
  answer: unwrapMarkdown,
})
