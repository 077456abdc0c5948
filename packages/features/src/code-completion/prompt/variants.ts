import { basePrompt } from './base.ts'
import { codestralPrompt, mistralPrompt } from './codestral.ts'
import type { CursorPrompt } from './cursor-prompt.ts'
import { fimPrompts } from './fim.ts'
import { gptPrompt } from './gpt.ts'
import { llama3Prompt } from './llama3.ts'

/** Prompt by variant; families without one of their own take `base`. */
export const promptVariants: { readonly base: CursorPrompt } & Readonly<Record<string, CursorPrompt>> = {
  ...fimPrompts,
  codestral: codestralPrompt,
  mistral: mistralPrompt,
  llama3: llama3Prompt,
  gpt: gptPrompt,
  base: basePrompt,
}
