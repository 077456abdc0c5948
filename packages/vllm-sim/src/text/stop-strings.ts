/** What a piece of generated text lets out, and the stop string that ended it. */
export interface Released {
  readonly text: string
  readonly matched: string | null
}

/** Watches generated text for stop strings, holding back as much as could still become the start of one. */
export class StopStrings {
  readonly #stops: readonly string[]
  readonly #include: boolean
  readonly #holdLength: number
  #held = ''

  constructor(stops: readonly string[], includeInOutput: boolean) {
    this.#stops = stops
    this.#include = includeInOutput
    this.#holdLength = includeInOutput ? 0 : Math.max(0, ...stops.map((stop) => stop.length - 1))
  }

  push(text: string): Released {
    if (this.#stops.length === 0) return { text, matched: null }
    return this.#include ? this.#pushIncluding(text) : this.#pushExcluding(text)
  }

  /** What is still held back; to be called once, at an end that no stop string made. */
  flush(): string {
    const rest = this.#include ? '' : this.#held
    this.#held = ''
    return rest
  }

  #pushExcluding(text: string): Released {
    this.#held += text
    const match = earliest(this.#held, this.#stops)
    if (match !== undefined) return { text: this.#take(match.at), matched: match.stop }
    const cut = Math.max(0, this.#held.length - this.#holdLength)
    return { text: this.#take(splitsPair(this.#held, cut) ? cut - 1 : cut), matched: null }
  }

  /** Matched text belongs to the answer, so nothing needs holding; only enough is remembered to see a match over pieces. */
  #pushIncluding(text: string): Released {
    const before = this.#held.length
    const seen = this.#held + text
    const match = earliest(seen, this.#stops)
    const longest = Math.max(...this.#stops.map((stop) => stop.length - 1))
    this.#held = longest === 0 ? '' : seen.slice(-longest)
    if (match === undefined) return { text, matched: null }
    return { text: text.slice(0, Math.max(0, match.at + match.stop.length - before)), matched: match.stop }
  }

  #take(length: number): string {
    const taken = this.#held.slice(0, length)
    this.#held = this.#held.slice(length)
    return taken
  }
}

/** The stop string that begins first in the text. */
const earliest = (text: string, stops: readonly string[]): { at: number; stop: string } | undefined => {
  let found: { at: number; stop: string } | undefined
  for (const stop of stops) {
    const at = text.indexOf(stop)
    if (at >= 0 && (found === undefined || at < found.at)) found = { at, stop }
  }
  return found
}

/** Half a surrogate pair cannot be sent as UTF-8. */
const splitsPair = (text: string, cut: number): boolean => {
  const before = cut > 0 ? text.charCodeAt(cut - 1) : 0
  return before >= 0xd800 && before <= 0xdbff
}
