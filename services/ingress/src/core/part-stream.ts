import type { RequestFailure } from '@penstock/contracts'
import type { AnswerPart } from './intake.ts'

/**
 * Hands the parts of one answer from the bus to the one reader that writes them out. `first` settles when there is something
 * to read or a failure. Unbounded by itself: an answer is bounded by its output tokens, a slow client by its socket's limit.
 */
export class PartStream implements AsyncIterable<AnswerPart> {
  readonly #parts: AnswerPart[] = []
  #failure: RequestFailure | null = null
  #ended = false
  #wake: (() => void) | null = null

  push(part: AnswerPart): void {
    this.#parts.push(part)
    if (part.kind === 'end') this.#ended = true
    this.#wake?.()
  }

  fail(failure: RequestFailure): void {
    this.#failure = failure
    this.#wake?.()
  }

  /** Settles with the first part at hand; throws the failure when there is none. */
  async first(): Promise<void> {
    while (this.#parts.length === 0) {
      if (this.#failure !== null) throw this.#failure
      await this.#changed()
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AnswerPart> {
    for (;;) {
      const part = this.#parts.shift()
      if (part !== undefined) {
        yield part
        continue
      }
      if (this.#ended) return
      if (this.#failure !== null) throw this.#failure
      await this.#changed()
    }
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null
        resolve()
      }
    })
  }
}
