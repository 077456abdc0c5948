import { ByteHash } from './byte-hash.ts'
import { startsToken, tokenBytesMax } from './tokenizer.ts'
import { vocabulary, wordOf } from './vocabulary.ts'
import type { Word } from './vocabulary.ts'

const wordSalt = 1
const endSalt = 2

/**
 * What the model says after a text. The next word depends on all text before it and on nothing else, so a continuation can be
 * cut at any character and taken up by another instance: a text that ends inside the word the model was saying is completed first.
 */
export class Continuation {
  readonly #hash: ByteHash
  #rest: Word | undefined

  /** `seed` names the model: instances with the same seed say the same. */
  constructor(seed: string, said: Uint8Array) {
    this.#hash = new ByteHash().update(Buffer.from(`${seed}\0`))
    const border = lastTokenStart(said)
    this.#hash.update(said, 0, border)
    const tail = said.subarray(border)
    if (tail.length > 0 && tail.length < tokenBytesMax) this.#rest = restOf(this.#choose(), tail)
    this.#hash.update(tail)
  }

  /** Whether the text ended inside the word that is said next. */
  get endedInsideWord(): boolean {
    return this.#rest !== undefined
  }

  /** Whether the model would end its answer here, for a probability per word. Never inside a word. */
  endsHere(probability: number): boolean {
    return probability > 0 && this.#rest === undefined && this.#hash.digest(endSalt) < probability * 2 ** 32
  }

  /** `unsaid`: ids of words passed over for the next ones in line, as a model does whose logits of them are masked. */
  next(unsaid: ReadonlySet<number> = nothing): Word {
    const word = this.#rest ?? this.#choose(unsaid)
    this.#rest = undefined
    this.#hash.update(word.bytes)
    return word
  }

  #choose(unsaid = nothing): Word {
    const first = this.#hash.digest(wordSalt) % vocabulary.length
    for (let step = 0; unsaid.size > 0 && step < vocabulary.length; step++) {
      const word = vocabulary[(first + step) % vocabulary.length] as Word
      if (!unsaid.has(word.id)) return word
    }
    return vocabulary[first] as Word
  }
}

const nothing: ReadonlySet<number> = new Set()

/** Where the last token of the text starts if it is short enough to be a word; the text's end if not. */
const lastTokenStart = (text: Uint8Array): number => {
  for (let at = text.length - 1; at >= 0 && at > text.length - 1 - tokenBytesMax; at--) {
    if (startsToken(text[at] as number)) return at
  }
  return text.length
}

/** What is left of a word of which `said` is a true beginning. */
const restOf = (word: Word, said: Uint8Array): Word | undefined => {
  if (said.length >= word.bytes.length || said.some((byte, at) => byte !== word.bytes[at])) return undefined
  return wordOf(Buffer.from(word.bytes.subarray(said.length)).toString())
}
