import type { RequestFailure } from '@penstock/contracts'
import type { AnswerPart } from './intake.ts'

type Result = IteratorResult<AnswerPart, undefined>

const over: Result = { done: true, value: undefined }

/**
 * Hands the parts of one answer from the bus to the one reader that writes them out. `first` settles when there is something
 * to read or a failure. Unbounded by itself: an answer is bounded by its output tokens, a slow client by its socket's limit.
 * No generator: a part goes to a reader that waits in one step, where that takes three, for every token.
 */
export class PartStream implements AsyncIterable<AnswerPart>, AsyncIterator<AnswerPart, undefined> {
  readonly #parts: AnswerPart[] = []
  #failure: RequestFailure | null = null
  #ended = false
  #wake: (() => void) | null = null
  #reader: PromiseWithResolvers<Result> | null = null

  push(part: AnswerPart): void {
    if (part.kind === 'end') this.#ended = true
    const reader = this.#waitingReader()
    if (reader === null) this.#parts.push(part)
    else reader.resolve({ done: false, value: part })
    this.#wake?.()
  }

  fail(failure: RequestFailure): void {
    this.#failure = failure
    this.#waitingReader()?.reject(failure)
    this.#wake?.()
  }

  /** Settles with the first part at hand; throws the failure when there is none. */
  async first(): Promise<void> {
    while (this.#parts.length === 0) {
      if (this.#failure !== null) throw this.#failure
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    this.#wake = null
  }

  /** The next part; what came ahead of a failure is read before it. One call at a time. */
  next(): Promise<Result> {
    const part = this.#parts.shift()
    if (part !== undefined) return Promise.resolve({ done: false, value: part })
    if (this.#ended) return Promise.resolve(over)
    if (this.#failure !== null) return Promise.reject(this.#failure)
    this.#reader = Promise.withResolvers()
    return this.#reader.promise
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #waitingReader(): PromiseWithResolvers<Result> | null {
    const reader = this.#reader
    this.#reader = null
    return reader
  }
}
