import type { EndPart } from '@penstock/contracts'
import { readVectors } from '@penstock/models'
import { isOther } from './answer-reader.ts'
import type { AnswerReaderOptions, Reading } from './answer-reader.ts'

/** Turns a pooling node's one object into parts: a vector for each of the texts, or the answer is broken. */
export class VectorReader {
  readonly uncachedTokens = null
  readonly #node: string
  readonly #answersAs: readonly string[] | null
  readonly #texts: number
  #end: EndPart | null = null

  /** `texts`: how many were sent. */
  constructor({ node, answersAs, texts }: Pick<AnswerReaderOptions, 'node' | 'answersAs'> & { texts: number }) {
    this.#node = node
    this.#answersAs = answersAs
    this.#texts = texts
  }

  read(json: unknown): Reading {
    const read = readVectors(json)
    if (read.kind === 'invalid') return { kind: 'broken', reason: `invalid answer: ${read.reason}` }
    if (read.kind === 'error') return { kind: 'broken', reason: 'an error in the place of an answer' }
    if (isOther(read.model, this.#answersAs)) return { kind: 'broken', reason: 'answer of another model' }
    const answered = new Set(read.vectors.map(({ index }) => index).filter((index) => index < this.#texts))
    if (answered.size !== this.#texts || read.vectors.length !== this.#texts)
      return { kind: 'broken', reason: 'not one vector for each text' }
    this.#end = { kind: 'end', finishReason: 'stop', usage: read.usage, node: this.#node }
    return {
      kind: 'parts',
      parts: read.vectors.map(({ index, values }) => ({ kind: 'embedding', index, values: [...values] })),
    }
  }

  /** The end part once the answer has come; null: it has not. */
  end(): EndPart | null {
    return this.#end
  }
}
