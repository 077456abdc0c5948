import type { ChatMessage } from '@penstock/models'
import { cursorMarker, unableMarker } from '../../code-suggestions/cursor-marker.ts'
import type { CodeGenerationInput } from '../input.ts'

/** Constant, and first in its prompt: nodes keep it in their prefix cache. */
export const generationRules = [
  'You write code inside an editor, at the cursor of an open file, as the task in the message asks.',
  'Your whole reply is inserted at the cursor as it stands. Reply with code only: no explanation, no Markdown fence, no markers or tags.',
  `${cursorMarker} shows where the cursor is. Begin exactly there and write nothing again that already stands before or after it.`,
  'Keep to the language, indentation, naming and idiom of the file, and use the libraries it names where they help.',
  'Write all that the task needs, whole and ready to run, and nothing else.',
  `When the task cannot be done in code, reply with the one word ${unableMarker}.`,
].join('\n')

/** The task last, right before the reply; what stays the same from request to request first. */
export function generationMessages(input: Omit<CodeGenerationInput, 'messages'>): ChatMessage[] {
  const parts = [
    line('Language', input.language),
    line('File', input.fileName),
    line('Libraries', input.libraries.join(', ')),
    block('Related code of the project:', input.related.join('\n')),
    block('Examples of tasks and right replies:', input.examples.map(shown).join('\n\n')),
    `The file around the cursor:\n${input.above}${cursorMarker}${input.below}`,
    `Task: ${input.instruction}`,
  ]
  return [
    { role: 'system', content: generationRules },
    { role: 'user', content: parts.filter((part) => part !== '').join('\n\n') },
  ]
}

function line(name: string, value: string): string {
  return value.trim() === '' ? '' : `${name}: ${value}`
}

function block(title: string, text: string): string {
  return text.trim() === '' ? '' : `${title}\n${text}`
}

/** GitLab's examples mark the cursor and open the reply in their own way. */
function shown({ example, response }: CodeGenerationInput['examples'][number]): string {
  const code = response.replace(/^\s*<new_code>/, '').replace(/<\/new_code>\s*$/, '')
  return `Task:\n${example.replaceAll('{{cursor}}', cursorMarker)}\nReply:\n${code}`
}
