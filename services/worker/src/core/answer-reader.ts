import type { EndPart, Part } from '@penstock/contracts'
import { readChunk } from '@penstock/models'
import type { ChunkContent, Usage } from '@penstock/models'

export type Reading = { kind: 'parts'; parts: Part[] } | { kind: 'broken'; reason: string }

/** Longest piece of an answer that comes at once, characters: at 6 bytes each, escaped, it fits a message on the bus. */
const pieceCharsMax = 128 * 1024
/** No client's stop string is longer. */
const stopStringCharsMax = 256

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

  constructor(node: string) {
    this.#node = node
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
    if (chunk.usage !== null) this.#usage = chunk.usage
    if (chunk.finishReason === 'aborted')
      return { kind: 'broken', reason: `finish reason ${String(chunk.stopReason ?? 'abort')}` }
    const parts: Part[] = []
    if (chunk.reasoning !== '') parts.push({ kind: 'reasoning', text: chunk.reasoning, tokens: chunk.tokens ?? 1 })
    if (chunk.text !== '') parts.push({ kind: 'text', text: chunk.text, tokens: chunk.tokens ?? 1 })
    if (chunk.toolCalls.length > 0) parts.push({ kind: 'tool-calls', calls: [...chunk.toolCalls] })
    if (charsOf(chunk) > pieceCharsMax) return { kind: 'broken', reason: 'too much at once' }
    if (chunk.finishReason !== null) this.#finish = chunk.finishReason
    if (typeof chunk.stopReason === 'string') this.#stopString = chunk.stopReason.slice(0, stopStringCharsMax)
    return { kind: 'parts', parts }
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

const charsOf = ({ text, reasoning, toolCalls }: ChunkContent): number =>
  text.length + reasoning.length + (toolCalls.length === 0 ? 0 : JSON.stringify(toolCalls).length)
