import type { Said } from '@penstock/contracts'
import type { AnswerPart, ReasoningView } from './intake.ts'

type DeliveredPart = Exclude<AnswerPart, { kind: 'end' | 'anew' }>

/**
 * What a part is to the client. `new`: it brings something on; `told`: it shows that the model is at work; `hidden`: nothing is seen of
 * it; `astray`: the model began to think anew where it was to go on.
 */
export type Seen = 'new' | 'told' | 'hidden' | 'astray'

/** What of an answer has come so far, and whether another attempt can take it up. */
export class Delivered {
  readonly #reasoning: ReasoningView
  readonly #whole: boolean
  #texts: string[] = []
  #tokens = 0
  #thoughtTokens = 0
  /** Parts went out that cannot be rebuilt from text: shown reasoning, a tool call. */
  #structured = false
  /** The attempt is to go on behind a text, and has brought none so far. */
  #takesUp = false
  /** It came anew once: what comes now may be the same again, and brings nothing on. */
  #voided = false

  constructor({ reasoning, whole }: { readonly reasoning: ReasoningView; readonly whole: boolean }) {
    this.#reasoning = reasoning
    this.#whole = whole
  }

  get said(): Said {
    const said = { text: this.#texts.join(''), tokens: this.#tokens }
    return this.#thoughtTokens === 0 ? said : { ...said, thoughtTokens: this.#thoughtTokens }
  }

  /** Output tokens so far, hidden reasoning among them. */
  get tokens(): number {
    return this.#tokens
  }

  take(part: DeliveredPart): Seen {
    switch (part.kind) {
      case 'text':
        if (part.text !== '') this.#texts.push(part.text)
        this.#tokens += part.tokens
        this.#takesUp = false
        return this.#voided ? 'told' : 'new'
      case 'reasoning':
        // A reasoning parser that knows nothing of the given text takes the rest of the answer for reasoning: it must not get lost.
        if (this.#takesUp) return 'astray'
        this.#tokens += part.tokens
        this.#thoughtTokens += part.tokens
        if (this.#reasoning !== 'shown') return this.#reasoning
        this.#structured = true
        return this.#whole ? 'told' : 'new'
      case 'tool-calls':
        this.#structured = true
        return this.#whole ? 'told' : 'new'
      // Comes whole or again: an answer that breaks off here starts anew.
      case 'embedding':
        return 'new'
    }
  }

  /**
   * Another attempt begins. `on`: behind the text so far; thoughts that nobody saw are thought again. `anew`: nothing of the answer has left,
   * and what cannot be taken up is void. `never`: it has left.
   */
  takeUp(): 'on' | 'anew' | 'never' {
    if (this.#structured && !this.#whole) return 'never'
    const anew = this.#structured
    if (anew) this.#texts = []
    this.#voided ||= anew
    this.#structured = false
    if (this.#texts.length === 0) this.#tokens = this.#thoughtTokens = 0
    this.#takesUp = this.#texts.length > 0
    return anew ? 'anew' : 'on'
  }
}
