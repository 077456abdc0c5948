import { unwrapMarkdown } from '../answer/unwrap-markdown.ts'
import { codeShrink, codeTexts, CodeWritingInputs } from '../prompt/code-inputs.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { variants } from './prompt.ts'

/** `/fix`: the most pressing fault of the selected code, mended. */
export const fixCode = promptFeature({
  name: 'fix-code',
  title: 'Code fixes (/fix)',
  promptId: 'chat/fix_code',
  unitPrimitives: ['fix_code'],
  setting: 'duo_chat_fix_code',
  promised: 'GA 17.9',
  defaults: promptDefaults.chat,
  inputs: CodeWritingInputs,
  texts: codeTexts,
  variants,
  shrink: codeShrink,
  answer: unwrapMarkdown,
})
