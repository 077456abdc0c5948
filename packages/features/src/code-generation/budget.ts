import { bytesOfTokens, estimateTokens } from '@penstock/models'
import { keepEnd, keepStart } from '../code-suggestions/clip.ts'
import type { CodeGenerationInput } from './input.ts'

/** Room for the rules, titles and names of the prompt, tokens. */
const templateTokens = 500
/** A prompt beyond this delays the first byte more than it improves the answer, tokens (contract features §4.3). */
const promptTokensMax = 80_000
/** Share of what is left for the text after the cursor. */
const belowShare = 0.25

/**
 * The input cut to what fits the model beside its output: the task whole, then the file around the cursor, then libraries, related
 * code and examples as far as there is room.
 */
export function fitGeneration(
  input: CodeGenerationInput,
  contextTokens: number,
  maxTokens: number,
): CodeGenerationInput {
  const budget = Math.min(Math.max(contextTokens - maxTokens - templateTokens, 0), promptTokensMax)
  let left = bytesOfTokens(budget)
  const take = (text: string): string => {
    left -= Buffer.byteLength(text)
    return text
  }
  const instruction = take(keepStart(input.instruction, Math.floor(left / 2)))
  const below = keepStart(input.below, Math.floor(left * belowShare))
  const above = take(keepEnd(input.above, left - Buffer.byteLength(below)))
  take(below)
  const whole = <T>(items: readonly T[], textOf: (item: T) => string): T[] =>
    items.filter((item) => {
      const bytes = Buffer.byteLength(textOf(item))
      if (bytes > left) return false
      left -= bytes
      return true
    })
  return {
    ...input,
    instruction,
    above,
    below,
    libraries: whole(input.libraries, (name) => `${name}, `),
    related: whole(input.related, (text) => text),
    examples: whole(input.examples, ({ example, response }) => example + response),
  }
}

export function generationTokens(input: CodeGenerationInput): number {
  const texts = [
    input.above,
    input.below,
    input.instruction,
    ...input.related,
    ...input.libraries,
    ...input.examples.flatMap(({ example, response }) => [example, response]),
    ...(input.messages ?? []).map(({ content }) => content),
  ]
  return Math.min(templateTokens + texts.reduce((sum, text) => sum + estimateTokens(text), 0), promptTokensMax)
}
