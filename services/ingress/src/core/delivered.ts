import type { Said } from '@penstock/contracts'
import type { AnswerPart, ReasoningView } from './intake.ts'

/**
 * What a part is to the client. `new`: it brings something on; `told`: it shows that the model is at work; `hidden`: nothing is seen of
 * it; `astray`: the model began to think anew where it was to go on.
 */
export type Seen = 'new' | 'told' | 'hidden' | 'astray'

/** What of an answer has come so far, and whether another attempt can take it up. */
export class Delivered {
  readonly #reasoning: ReasoningView
  readonly #texts: string[] = []
  #tokens = 0
  #thoughtTokens = 0
  /** Parts went out that cannot be rebuilt from text: shown reasoning, a tool call. */
  #structured = false
  /** The attempt is to go on behind a text, and has brought none so far. */
  #takesUp = false

  constructor(reasoning: ReasoningView) {
    this.#reasoning = reasoning
  }

  get said(): Said {
    const said = { text: this.#texts.join(''), tokens: this.#tokens }
    return this.#thoughtTokens === 0 ? said : { ...said, thoughtTokens: this.#thoughtTokens }
  }

  /** Output tokens so far, hidden reasoning among them. */
  get tokens(): number {
    return this.#tokens
  }

  take(part: Exclude<AnswerPart, { kind: 'end' }>): Seen {
    switch (part.kind) {
      case 'text':
        if (part.text !== '') this.#texts.push(part.text)
        this.#tokens += part.tokens
        this.#takesUp = false
        return 'new'
      case 'reasoning':
        // A reasoning parser that knows nothing of the given text takes the rest of the answer for reasoning: it must not get lost.
        if (this.#takesUp) return 'astray'
        this.#tokens += part.tokens
        this.#thoughtTokens += part.tokens
        if (this.#reasoning !== 'shown') return this.#reasoning
        this.#structured = true
        return 'new'
      case 'tool-calls':
        this.#structured = true
        return 'new'
      // Comes whole or again: an answer that breaks off here starts anew.
      case 'embedding':
        return 'new'
    }
  }

  /** Another attempt begins; false: it could not go on. Thoughts that nobody saw are thought again. */
  takeUp(): boolean {
    if (this.#texts.length === 0) this.#tokens = this.#thoughtTokens = 0
    this.#takesUp = this.#texts.length > 0
    return !this.#structured
  }
}
