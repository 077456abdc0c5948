import { seededRandom } from '../../stack/seeded-random.ts'
import type { PromptPiece } from './workload.ts'

/** One token of the simulator each: a blank and at most five letters. */
const words =
  ` async await array begin block break build cache call case catch chain check class clean close code const count data
 def done each else emit end enum error event every exit fetch field file find first flag flow for from func get group guard hash head
 if index init input is item join key kind last lane len let line link list load lock log loop main make map match max merge min mode
 name new next node not null of open order out own pack page pair parse part path pick plan point pool port post pull push queue quota
 range rank rate raw read ready reset rest retry right ring role root route row run safe scan scope seed self send set shape share size
 skip slot some sort span split stack stage start state step stop store strip sum swap table tag take task term test text then throw
 tick time to token top total trace tree true try type unit until user value view void wait walk wake while width word work write yield`
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => ` ${word}`)

/** Pieces kept: shared prefixes are asked for again and again. */
const keptMax = 4096
const kept = new Map<string, string>()

/** The text of pieces of a prompt: as many tokens as they say, equal pieces equal text. */
export const promptText = (pieces: readonly PromptPiece[]): string => pieces.map(pieceText).join('')

const pieceText = ({ seed, tokens }: PromptPiece): string => {
  const key = `${tokens} ${seed}`
  const known = kept.get(key)
  if (known !== undefined) return known
  const random = seededRandom(seedOf(seed))
  let text = ''
  for (let token = 0; token < tokens; token++) text += words[random.between(0, words.length - 1)]
  if (kept.size >= keptMax) kept.delete(kept.keys().next().value as string)
  kept.set(key, text)
  return text
}

/** FNV-1a: spreads names over the seeds. */
const seedOf = (name: string): number => {
  let hash = 0x811c9dc5
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
