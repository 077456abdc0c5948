import type { EndPart, Part } from '@penstock/contracts'
import { readChunk } from '@penstock/models'
import type { ChunkContent, Usage } from '@penstock/models'
import { StopHold } from './stop-hold.ts'
import type { AnswerEnding, CountedText } from './stop-hold.ts'

export type Reading = { kind: 'parts'; parts: Part[] } | { kind: 'broken'; reason: string }

/** Longest piece of an answer that comes at once, characters: at 6 bytes each, escaped, it fits a message on the bus. */
const pieceCharsMax = 128 * 1024
/** No client's stop string is longer. */
const stopStringCharsMax = 256

export interface AnswerReaderOptions {
  readonly node: string
  /** Names that the answer may carry; null: any. */
  readonly answersAs: readonly string[] | null
  /** The node leaves the one that ends the answer in it. */
  readonly stopStringsLeft: readonly string[]
}

/**
 * Turns a node's streamed objects into parts of an answer. `[DONE]` alone is no success: a finish reason must have come, and no
 * error event (contract vllm §1.6).
 */
export class AnswerReader {
  readonly #node: string
  #finish: EndPart['finishReason'] | null = null
  #usage: Usage | null = null
  #stopString: string | null = null
  #answerId: string | null = null
  readonly #answersAs: readonly string[] | null
  readonly #text: StopHold
  readonly #reasoning: StopHold

  constructor({ node, answersAs, stopStringsLeft }: AnswerReaderOptions) {
    this.#node = node
    this.#answersAs = answersAs
    this.#text = new StopHold(stopStringsLeft)
    this.#reasoning = new StopHold(stopStringsLeft)
  }

  /** One streamed object, or a whole answer of a server that does not stream. */
  read(json: unknown): Reading {
    const chunk = readChunk(json)
    if (chunk.kind === 'invalid') return { kind: 'broken', reason: `invalid chunk: ${chunk.reason}` }
    if (chunk.kind === 'error')
      return { kind: 'broken', reason: `error event (${String(chunk.error.code ?? chunk.error.type ?? 'unnamed')})` }
    if (chunk.id !== null) {
      if (this.#answerId !== null && this.#answerId !== chunk.id)
        return { kind: 'broken', reason: 'chunk of another answer' }
      this.#answerId = chunk.id
    }
    if (isOther(chunk.model, this.#answersAs)) return { kind: 'broken', reason: 'answer of another model' }
    if (chunk.usage !== null) this.#usage = chunk.usage
    if (chunk.finishReason === 'aborted')
      return { kind: 'broken', reason: `finish reason ${String(chunk.stopReason ?? 'abort')}` }
    if (charsOf(chunk) > pieceCharsMax) return { kind: 'broken', reason: 'too much at once' }
    if (chunk.finishReason !== null) this.#finish = chunk.finishReason
    if (typeof chunk.stopReason === 'string') this.#stopString = chunk.stopReason.slice(0, stopStringCharsMax)
    return { kind: 'parts', parts: this.#partsOf(chunk) }
  }

  #partsOf({ text, reasoning, toolCalls, tokens }: ChunkContent): Part[] {
    const parts: Part[] = []
    const add = (kind: 'text' | 'reasoning', said: CountedText): void => {
      if (said.text !== '') parts.push({ kind, ...said })
    }
    // A node that does not tell is taken to have made one token for each piece.
    const count = tokens ?? (text === '' && reasoning === '' ? 0 : 1)
    if (reasoning !== '') add('reasoning', this.#reasoning.push(reasoning, text === '' ? count : 0))
    const thoughtEnds = text !== '' || toolCalls.length > 0
    if (thoughtEnds) add('reasoning', this.#reasoning.end(goesOn))
    if (text !== '' || reasoning === '') add('text', this.#text.push(text, count))
    if (toolCalls.length > 0) {
      add('text', this.#text.end(goesOn))
      parts.push({ kind: 'tool-calls', calls: [...toolCalls] })
    }
    if (this.#finish !== null) {
      const ending = { stopString: this.#stopString, stopped: this.#finish === 'stop' }
      add('reasoning', this.#reasoning.end(ending))
      add('text', this.#text.end(ending))
    }
    return parts
  }

  /** Prompt tokens that the node had to prefill; null: it did not tell. */
  get uncachedTokens(): number | null {
    const cached = this.#usage?.cachedTokens
    return this.#usage === null || cached === undefined ? null : this.#usage.promptTokens - cached
  }

  /** The end part once the stream has ended; null: it ended too early. */
  end(): EndPart | null {
    if (this.#finish === null) return null
    const stopped = this.#stopString === null ? {} : { stopString: this.#stopString }
    return { kind: 'end', finishReason: this.#finish, usage: this.#usage, node: this.#node, ...stopped }
  }
}

/** Whether an answer names a model that it may not. */
export const isOther = (model: string | null, answersAs: readonly string[] | null): boolean =>
  model !== null && answersAs !== null && !answersAs.includes(model)

/** The answer goes on with something else. */
const goesOn: AnswerEnding = { stopString: null, stopped: false }

const charsOf = ({ text, reasoning, toolCalls }: ChunkContent): number =>
  text.length + reasoning.length + (toolCalls.length === 0 ? 0 : JSON.stringify(toolCalls).length)
