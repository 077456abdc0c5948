import { bytesOfTokens, estimateTokens } from '@penstock/models'
import { keepEnd, keepStart } from '../code-suggestions/clip.ts'
import { fillTemplate } from './template.ts'

/** A text that may lose one of its sides when the prompt is larger than the model. */
export interface Shrinkable {
  readonly slot: string
  readonly keep: 'start' | 'end'
}

type Texts = Readonly<Record<string, string>>

/** Tokens around messages that no text accounts for. */
const frameTokens = 64

/** The texts, shortened in the given order until the filled template fits so many tokens, or nothing is left to shorten. */
export function fitTexts(template: string, texts: Texts, shrinkable: readonly Shrinkable[], tokensMax: number): Texts {
  let fitted = texts
  for (const { slot, keep } of shrinkable) {
    const excessTokens = estimateTokens(fillTemplate(template, fitted)) + frameTokens - tokensMax
    if (excessTokens <= 0) return fitted
    const whole = fitted[slot] ?? ''
    const bytesMax = Math.max(0, Buffer.byteLength(whole) - bytesOfTokens(excessTokens))
    fitted = { ...fitted, [slot]: keep === 'start' ? keepStart(whole, bytesMax) : keepEnd(whole, bytesMax) }
  }
  return fitted
}
