import { unwrapMarkdown } from '../answer/unwrap-markdown.ts'
import { codeShrink, codeTexts, CodeWritingInputs } from '../prompt/code-inputs.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { variants } from './prompt.ts'

/** `/tests`: tests for the selected code. */
export const writeTests = promptFeature({
  name: 'write-tests',
  title: 'Test generation (/tests)',
  promptId: 'chat/write_tests',
  unitPrimitives: ['write_tests'],
  setting: 'duo_chat_write_tests',
  promised: 'GA 17.9',
  defaults: promptDefaults.chat,
  inputs: CodeWritingInputs,
  texts: codeTexts,
  variants,
  shrink: codeShrink,
  answer: unwrapMarkdown,
})
