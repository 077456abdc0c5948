/** A piece of an answer, and the output tokens that it took. */
export interface CountedText {
  readonly text: string
  readonly tokens: number
}

/** How an answer ended. */
export interface AnswerEnding {
  /** The stop string that the node names; null: none, or it does not tell. */
  readonly stopString: string | null
  /** The model or a stop string has ended it, no limit. */
  readonly stopped: boolean
}

/**
 * Takes the stop string off an answer that a node leaves it in, holding back only what may be the beginning of one. Tokens come out
 * with the last character of their piece and never before: who continues the answer counts what was said of it and nothing else.
 */
export class StopHold {
  readonly #stops: readonly string[]
  readonly #beginnings: ReadonlySet<string>
  readonly #longest: number
  #held: CountedText[] = []
  /** Of pieces without text: bytes of a character that is not complete yet. */
  #silentTokens = 0

  constructor(stops: readonly string[]) {
    this.#stops = stops
    this.#beginnings = new Set(stops.map((stop) => stop.charAt(0)))
    this.#longest = Math.max(0, ...stops.map((stop) => stop.length))
  }

  /** What comes out once this piece is there; its text may be empty. */
  push(text: string, tokens: number): CountedText {
    if (text === '') {
      this.#silentTokens += tokens
      return { text: '', tokens: 0 }
    }
    const piece = { text, tokens: tokens + this.#silentTokens }
    this.#silentTokens = 0
    if (this.#held.length === 0 && this.#stopBegins(text) === text.length) return piece
    this.#held.push(piece)
    return this.#take(this.#stopBegins(this.#heldText))
  }

  /** The rest of an answer that has ended, or whose text has. */
  end({ stopString, stopped }: AnswerEnding): CountedText {
    const held = this.#heldText
    const ended = stopString === null ? (stopped ? this.#stops : []) : [stopString]
    const found = ended.find((stop) => held.endsWith(stop))
    const said = this.#take(held.length - (found?.length ?? 0))
    const tokens = this.#held.reduce((sum, piece) => sum + piece.tokens, said.tokens + this.#silentTokens)
    this.#held = []
    this.#silentTokens = 0
    return { text: said.text, tokens }
  }

  get #heldText(): string {
    return this.#held.map(({ text }) => text).join('')
  }

  /** Where the earliest ending of the text that is a beginning of a stop string, or a whole one, begins. */
  #stopBegins(text: string): number {
    for (let at = Math.max(0, text.length - this.#longest); at < text.length; at++) {
      if (!this.#beginnings.has(text.charAt(at))) continue
      const ending = text.slice(at)
      if (this.#stops.some((stop) => stop.startsWith(ending))) return at
    }
    return text.length
  }

  #take(length: number): CountedText {
    let text = ''
    let tokens = 0
    for (let first = this.#held[0]; first !== undefined && text.length < length; first = this.#held[0]) {
      const left = length - text.length
      text += first.text.slice(0, left)
      if (first.text.length <= left) {
        tokens += first.tokens
        this.#held.shift()
      } else this.#held[0] = { text: first.text.slice(left), tokens: first.tokens }
    }
    return { text, tokens }
  }
}
