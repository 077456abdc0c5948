import { bytesOfTokens, estimateTokens } from '@penstock/models'
import { keepStart } from '../code-suggestions/clip.ts'
import type { ChatInput } from './input.ts'

/** Tokens of a question's own frame: tags, labels, the user's words are not counted as material. */
const frameTokens = 256

/** Material keeps at least so much of each piece, tokens. */
const pieceTokensMin = 64

/** The question with its material shortened, the largest pieces first, until it fits so many tokens. The user's own words stay whole. */
export function shortened(input: ChatInput, roomTokens: number): ChatInput {
  const last = input.turns.at(-1)
  if (last === undefined) return input
  const pieces = [
    ...input.steps.map((step) => step.observation),
    ...last.context.map((item) => item.content),
    last.file?.data ?? '',
  ]
  const own = estimateTokens(last.content) + estimateTokens(last.page) + frameTokens
  const limits = limitsFor(pieces.map(estimateTokens), roomTokens - own)
  const cut = pieces.map((piece, index) => keepStart(piece, bytesOfTokens(limits[index] ?? 0)))
  const steps = input.steps.map((step, index) => ({ ...step, observation: cut[index] ?? '' }))
  const context = last.context.map((item, index) => ({ ...item, content: cut[steps.length + index] ?? '' }))
  const file = last.file === null ? null : { ...last.file, data: cut.at(-1) ?? '' }
  return { ...input, steps, turns: [...input.turns.slice(0, -1), { ...last, context, file }] }
}

/** So much of each piece that all fit the room: one level for all, above which the larger ones are cut. */
function limitsFor(sizes: readonly number[], room: number): number[] {
  let left = Math.max(room, 0)
  const limits = [...sizes]
  const bySize = sizes.map((size, index) => ({ size, index })).sort((a, b) => a.size - b.size)
  for (const [position, { size, index }] of bySize.entries()) {
    const level = Math.max(Math.floor(left / (bySize.length - position)), pieceTokensMin)
    limits[index] = Math.min(size, level)
    left = Math.max(left - (limits[index] ?? 0), 0)
  }
  return limits
}
