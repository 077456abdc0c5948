import { bytesOfTokens } from '@penstock/models'
import { keepEnd, keepStart } from '../code-suggestions/clip.ts'

/** Share of the budget for the text after the cursor. */
const suffixShare = 0.07

/** Room for a prompt's own words, file name and language, tokens: the longest template has about 200. */
const templateTokens = 400

/** Related files are taken up to this prompt size, tokens: beyond, they delay the first byte more than they improve the answer. */
const contextualTokensMax = 32_768

export interface CursorText {
  readonly prefix: string
  readonly suffix: string
  readonly context: readonly string[]
}

/**
 * Prefix and suffix that fit the model, related files ahead of the prefix as far as there is room. The prefix loses its beginning, the
 * suffix its end.
 */
export function fitToBudget(
  text: CursorText,
  contextTokens: number,
  maxTokens: number,
): { prefix: string; suffix: string } {
  const budget = Math.max(contextTokens - maxTokens - templateTokens, Math.floor(contextTokens / 2))
  const suffix = keepStart(text.suffix, bytesOfTokens(budget * suffixShare))
  const prefix = keepEnd(text.prefix, bytesOfTokens(Math.ceil(budget * (1 - suffixShare))))
  const left =
    bytesOfTokens(Math.min(budget, contextualTokensMax)) - Buffer.byteLength(prefix) - Buffer.byteLength(suffix) - 1
  const context = left > 0 && prefix === text.prefix ? keepStart(text.context.join('\n'), left) : ''
  return { prefix: context === '' ? prefix : `${context}\n${prefix}`, suffix }
}
