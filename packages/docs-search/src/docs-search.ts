import { Worker } from 'node:worker_threads'
import type { DocsResult } from './docs-index.ts'
import { DocsIndexError } from './layout.ts'

export interface SearchRequest {
  readonly id: number
  readonly question: string
  readonly resultsMax: number
}

export type SearchReply =
  | { readonly kind: 'open' }
  | { readonly kind: 'unreadable'; readonly problem: string }
  | { readonly kind: 'found'; readonly id: number; readonly results: DocsResult[] }
  | { readonly kind: 'failed'; readonly id: number; readonly problem: string }

export interface DocsSearchOptions {
  readonly file: string
  /** Questions that wait or are answered; beyond, `search` gives null. */
  readonly questionsMax?: number
  /** What runs in the thread, for tests. */
  readonly thread?: URL
}

/** A search takes milliseconds: so many are seconds of waiting. */
const questionsMaxDefault = 256

/** Searches an index in a thread of its own: the caller's event loop goes on, however long a question takes. */
export class DocsSearch implements AsyncDisposable {
  readonly #thread: Worker
  readonly #questionsMax: number
  readonly #waiting = new Map<number, PromiseWithResolvers<DocsResult[]>>()
  readonly #opened = Promise.withResolvers<void>()
  #asked = 0
  #ended: DocsIndexError | null = null

  private constructor({ file, questionsMax = questionsMaxDefault, thread }: DocsSearchOptions) {
    this.#questionsMax = questionsMax
    this.#thread = new Worker(thread ?? new URL('search-thread.ts', import.meta.url), { workerData: { file } })
    this.#thread.on('message', (reply: SearchReply) => this.#heard(reply))
    this.#thread.on('error', (cause) =>
      this.#end(new DocsIndexError(`the search of ${file} ended: ${cause.message}`, { cause })),
    )
    this.#thread.on('exit', () => this.#end(new DocsIndexError(`the search of ${file} has ended`)))
  }

  /** Throws DocsIndexError when the file cannot be read, or is of another version. */
  static async open(options: DocsSearchOptions): Promise<DocsSearch> {
    const search = new DocsSearch(options)
    try {
      await search.#opened.promise
      return search
    } catch (error) {
      await search[Symbol.asyncDispose]()
      throw error
    }
  }

  /** As DocsIndex.search. Null: too many questions wait already. Throws DocsIndexError when the index cannot be read any more. */
  async search(question: string, resultsMax: number): Promise<DocsResult[] | null> {
    if (this.#ended !== null) throw this.#ended
    if (this.#waiting.size >= this.#questionsMax) return null
    const id = this.#asked++
    const answer = Promise.withResolvers<DocsResult[]>()
    this.#waiting.set(id, answer)
    this.#thread.postMessage({ id, question, resultsMax } satisfies SearchRequest)
    return answer.promise
  }

  /** What still waits is given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.terminate()
  }

  #heard(reply: SearchReply): void {
    switch (reply.kind) {
      case 'open':
        return this.#opened.resolve()
      case 'unreadable':
        return this.#opened.reject(new DocsIndexError(reply.problem))
      case 'found':
        return this.#take(reply.id)?.resolve(reply.results)
      case 'failed':
        return this.#take(reply.id)?.reject(new DocsIndexError(reply.problem))
    }
  }

  #take(id: number): PromiseWithResolvers<DocsResult[]> | undefined {
    const answer = this.#waiting.get(id)
    this.#waiting.delete(id)
    return answer
  }

  #end(why: DocsIndexError): void {
    this.#ended ??= why
    this.#opened.reject(why)
    for (const answer of this.#waiting.values()) answer.reject(why)
    this.#waiting.clear()
  }
}
