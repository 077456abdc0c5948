import { z } from 'zod'
import { optionalText, text, textList } from './fields.ts'
import type { Shrinkable } from './fit.ts'

/** What every slash command about code sends. Rails has already put wrapper text into `file_content`. */
export const codeInputs = {
  input: text(),
  selected_text: text(),
  file_content: optionalText(),
  language_info: optionalText(),
}

/** Inputs of the commands that write code: which libraries the project uses, and what to do with the rest of the file. */
export const CodeWritingInputs = z.object({
  ...codeInputs,
  libraries: textList(),
  file_content_reuse: optionalText(),
})

export function codeTexts({ libraries, ...inputs }: z.infer<typeof CodeWritingInputs>): Record<string, string> {
  return { ...inputs, libraries: libraries.join(', ') }
}

/** The file around a selection goes first: the selection is what the question is about. */
export const codeShrink: readonly Shrinkable[] = [
  { slot: 'file_content', keep: 'start' },
  { slot: 'selected_text', keep: 'start' },
]

/** The message of a command about selected code. Rails' instruction names the tags, so they are exactly these. */
export const selectedCode = `{{#language_info}}
{{language_info}}

{{/language_info}}
{{#file_content}}
{{file_content}}

{{/file_content}}
{{#selected_text}}
<selected_code>
{{selected_text}}
</selected_code>

{{/selected_text}}
`

export const projectLibraries = `{{#libraries}}
The project depends on these libraries: {{libraries}}

{{/libraries}}
`
