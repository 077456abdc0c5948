import { blockTokens } from '../engine.ts'
import { ByteHash } from '../text/byte-hash.ts'
import { tokenEnds } from '../text/tokenizer.ts'

/** One key per full KV block of a sequence's tokens, equal for equal tokens: what a prefix cache compares. Made when first asked for. */
export class BlockKeys {
  readonly #prompt: Uint8Array
  #ends: readonly number[] | undefined
  readonly #output: string[] = []
  readonly #keys: number[] = []

  constructor(prompt: Uint8Array) {
    this.#prompt = prompt
  }

  /** The next token of the answer. */
  push(text: string): void {
    this.#output.push(text)
  }

  key(index: number): number {
    return (this.#keys[index] ??= this.#make(index * blockTokens, (index + 1) * blockTokens))
  }

  #make(from: number, to: number): number {
    const ends = (this.#ends ??= tokenEnds(this.#prompt))
    const hash = new ByteHash()
    const promptTo = Math.min(to, ends.length)
    if (from < promptTo) hash.update(this.#prompt, from === 0 ? 0 : ends[from - 1], ends[promptTo - 1])
    for (let at = Math.max(from, ends.length); at < to; at++)
      hash.update(Buffer.from(this.#output[at - ends.length] ?? ''))
    return hash.digest(31) * 0x20_0000 + (hash.digest(32) >>> 11)
  }
}
