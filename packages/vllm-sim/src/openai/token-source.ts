import type { Continuation } from '../text/continuation.ts'
import { splitTokens, tokenId } from '../text/tokenizer.ts'
import type { ToolPlan } from './tool-choice.ts'

export interface Token {
  readonly id: number
  readonly text: string
}

export interface ToolDelta {
  /** Which call of the answer. */
  readonly index: number
  /** Set on the first piece of a call. */
  readonly start: { readonly id: string; readonly name: string } | null
  readonly arguments: string
}

/** One token as the model makes it. */
export interface SourceToken {
  readonly token: Token
  readonly part: 'text' | 'reasoning' | 'tool'
  readonly tool: ToolDelta | null
  /** Nothing comes after it. */
  readonly last: boolean
}

/** The tokens a model makes, before limits and stop strings. */
export interface TokenSource {
  /** The next token; null when the model ends its answer here, which it may do only if asked so. */
  next(mayEnd: boolean): SourceToken | null
}

/** Words that follow from all text before them, until the answer ends by itself. */
export class FreeSource implements TokenSource {
  readonly #continuation: Continuation
  readonly #endProbability: number
  readonly #stopTokens: ReadonlySet<number>
  #left: number

  /** `tokensMax`: most words before the model ends by itself. `stopTokens` are said only where it may end. */
  constructor(
    continuation: Continuation,
    ends: { readonly probability: number; readonly tokensMax: number | null },
    stopTokens: ReadonlySet<number>,
  ) {
    this.#continuation = continuation
    this.#endProbability = ends.probability
    this.#stopTokens = stopTokens
    this.#left = ends.tokensMax ?? Infinity
  }

  next(mayEnd: boolean): SourceToken | null {
    if (mayEnd && (this.#left <= 0 || this.#continuation.endsHere(this.#endProbability))) return null
    this.#left--
    const token = this.#continuation.next(mayEnd ? nothing : this.#stopTokens)
    return { token, part: 'text', tool: null, last: false }
  }
}

const nothing: ReadonlySet<number> = new Set()

/** A text that stands already, token by token. */
export class FixedSource implements TokenSource {
  readonly #pieces: readonly string[]
  #at = 0

  /** `said`: what the model has said of the text already. */
  constructor(text: string, said: string) {
    this.#pieces = splitTokens(said !== '' && text.startsWith(said) ? text.slice(said.length) : text)
  }

  next(): SourceToken | null {
    const piece = this.#pieces[this.#at++]
    if (piece === undefined) return null
    return { token: tokenOf(piece), part: 'text', tool: null, last: this.#at === this.#pieces.length }
  }
}

/** Calls of tools, one after another: one token opens a call, the others bring its arguments piece by piece. */
export class ToolSource implements TokenSource {
  readonly #tokens: readonly SourceToken[]
  #at = 0

  constructor({ calls }: ToolPlan) {
    const tokens = calls.flatMap(({ id, name, arguments: json }, index): SourceToken[] => [
      { token: tokenOf(name), part: 'tool', tool: { index, start: { id, name }, arguments: '' }, last: false },
      ...splitTokens(json).map((piece): SourceToken => ({
        token: tokenOf(piece),
        part: 'tool',
        tool: { index, start: null, arguments: piece },
        last: false,
      })),
    ])
    this.#tokens = tokens.map((token, at) => (at === tokens.length - 1 ? { ...token, last: true } : token))
  }

  next(): SourceToken | null {
    return this.#tokens[this.#at++] ?? null
  }
}

/** Thinks first: so many words, then what the source says. */
export class ThinkingSource implements TokenSource {
  readonly #thoughts: Continuation
  readonly #then: TokenSource
  #left: number

  constructor(thoughts: Continuation, tokens: number, then: TokenSource) {
    this.#thoughts = thoughts
    this.#left = tokens
    this.#then = then
  }

  next(mayEnd: boolean): SourceToken | null {
    if (this.#left <= 0) return this.#then.next(mayEnd)
    this.#left--
    return { token: this.#thoughts.next(), part: 'reasoning', tool: null, last: false }
  }
}

/** The token of a text, of its beginning if it is longer than one. */
const tokenOf = (text: string): Token => ({ id: tokenId(Buffer.from(splitTokens(text)[0] ?? '')), text })
