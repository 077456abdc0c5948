import { fimForms } from '@penstock/models'
import type { CursorPrompt } from './cursor-prompt.ts'

type PlainFim = 'codegemma' | 'codellama' | 'deepseekcoder'

/** Families trained to fill in the middle: their own form is the whole prompt. */
export const fimPrompts: Readonly<Record<PlainFim, CursorPrompt>> = {
  codegemma: { maxTokens: 128, temperature: 0.95, ...formOf('codegemma') },
  codellama: { maxTokens: 128, temperature: 0.95, ...formOf('codellama') },
  deepseekcoder: { maxTokens: 128, ...formOf('deepseekcoder') },
}

function formOf(kind: PlainFim): Pick<CursorPrompt, 'stop' | 'messages'> {
  const { stops, layOut } = fimForms[kind]
  return { stop: stops, messages: ({ prefix, suffix }) => [{ role: 'user', content: layOut(prefix, suffix) }] }
}
