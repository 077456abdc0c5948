import { unwrapMarkdown } from '../answer/unwrap-markdown.ts'
import { codeShrink, codeTexts, CodeWritingInputs } from '../prompt/code-inputs.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { variants } from './prompt.ts'

/** `/refactor`: the selected code, written better. */
export const refactorCode = promptFeature({
  name: 'refactor-code',
  title: 'Refactoring (/refactor)',
  promptId: 'chat/refactor_code',
  unitPrimitives: ['refactor_code'],
  setting: 'duo_chat_refactor_code',
  promised: 'GA 17.9',
  defaults: promptDefaults.chat,
  inputs: CodeWritingInputs,
  texts: codeTexts,
  variants,
  shrink: codeShrink,
  answer: unwrapMarkdown,
})
