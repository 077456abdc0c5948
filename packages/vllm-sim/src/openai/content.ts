import type { NodeSettings } from '../node-settings.ts'
import { ByteHash } from '../text/byte-hash.ts'
import { countTokens } from '../text/tokenizer.ts'
import type { Prompt } from './prompts.ts'

/** What an answer says: words that follow from all text before them, or a text that stands already. */
export type Content =
  /** `tokensMax`: where the answer ends by itself, null for nowhere. */
  { readonly kind: 'free'; readonly tokensMax: number | null } | { readonly kind: 'fixed'; readonly text: string }

/** What the node's content mode makes of a prompt. */
export const contentOf = (prompt: Prompt, settings: NodeSettings, ignoresEnd: boolean): Content => {
  if (settings.content === 'echo') return { kind: 'fixed', text: prompt.question }
  if (settings.content === 'script') {
    const rule = settings.script.find(({ match }) => new RegExp(match, 'u').test(prompt.question))
    if (rule !== undefined) return { kind: 'fixed', text: rule.answer }
  }
  return { kind: 'free', tokensMax: ignoresEnd ? null : naturalLength(prompt, settings) }
}

/** A length of the node's distribution, decided by the prompt; what was said of the answer already counts. */
const naturalLength = (prompt: Prompt, { answerTokens }: NodeSettings): number | null => {
  if (answerTokens === null) return null
  const saidBytes = Buffer.byteLength(prompt.said)
  const hash = new ByteHash().update(prompt.bytes, 0, prompt.bytes.length - saidBytes)
  const uniform = (salt: number): number => (hash.digest(salt) + 0.5) / 2 ** 32
  const normal = Math.sqrt(-2 * Math.log(uniform(11))) * Math.cos(2 * Math.PI * uniform(12))
  const whole = Math.max(1, Math.round(answerTokens.median * Math.exp(answerTokens.sigma * normal)))
  return Math.max(0, whole - countTokens(Buffer.from(prompt.said)))
}
