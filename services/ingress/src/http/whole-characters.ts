const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff

/** Passes text on so that no character is split between two pieces: the first half of one waits for the second. */
export class WholeCharacters {
  #held = ''

  push(text: string): string {
    const all = this.#held === '' ? text : this.#held + text
    const split = all !== '' && isHighSurrogate(all.charCodeAt(all.length - 1))
    this.#held = split ? all.slice(-1) : ''
    return split ? all.slice(0, -1) : all
  }
}
