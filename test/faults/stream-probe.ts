import { AnswerCheck } from '../stack/answer-check.ts'
import type { ChatQuestion } from '../stack/chat-question.ts'
import { ChatStream } from '../stack/chat-stream.ts'
import type { StreamReader } from '../stack/http-stream.ts'

/**
 * `completed`: a clean end with nothing missing. `refused`: 429 before anything was accepted. `server-error`: a status of 500 and above.
 * `lost`: everything else: broken off, an error in the stream, no clean end, another status. `cut`: lost with its ingress, which was killed.
 */
export type Outcome = 'completed' | 'refused' | 'server-error' | 'lost' | 'cut'

export interface Observation {
  readonly outcome: Outcome
  readonly status: number
  readonly bytesWrong: number
  /** Between two texts after the first, ms. */
  readonly longestSilenceMs: number
  /** From the request to the first byte of the body, ms; null when none came. */
  readonly ttfbMs: number | null
  readonly retryAfterMs: number
  /** What was wrong, for people. */
  readonly problem: string | null
}

/** Watches one streamed answer: every byte against the oracle, every silence. Instants are ms of one monotonic clock. */
export class StreamProbe implements StreamReader {
  readonly #now: () => number
  readonly #askedAt: number
  readonly #check: AnswerCheck
  readonly #stream: ChatStream
  readonly #ended = Promise.withResolvers<Observation>()
  #status = 0
  #retryAfterMs = 0
  #firstByteAt: number | null = null
  #lastTextAt: number | null = null
  #longestSilenceMs = 0

  constructor({ expected }: Pick<ChatQuestion, 'expected'>, now: () => number) {
    this.#now = now
    this.#askedAt = now()
    this.#check = new AnswerCheck(expected)
    this.#stream = new ChatStream({ onText: (text, at) => this.#text(text, at) })
  }

  get observation(): Promise<Observation> {
    return this.#ended.promise
  }

  onStatus(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    this.#status = status
    this.#retryAfterMs = Number(headers['retry-after'] ?? 0) * 1000 || 0
  }

  onBytes(bytes: Buffer): void {
    const at = this.#now()
    this.#firstByteAt ??= at
    if (this.#status === 200) this.#stream.take(bytes, at)
  }

  onEnd(error: Error | null): void {
    const { done, finishReason, error: said } = this.#stream.end
    const clean = done && finishReason !== null && said === null && error === null
    const outcome = outcomeOf(this.#status, clean)
    const bytesWrong = this.#check.bytesWrong(outcome === 'completed')
    const { divergence } = this.#check
    const wrong = divergence === null ? `${bytesWrong} bytes missing` : `left the oracle: ${JSON.stringify(divergence)}`
    this.#ended.resolve({
      outcome,
      status: this.#status,
      bytesWrong,
      longestSilenceMs: this.#longestSilenceMs,
      ttfbMs: this.#firstByteAt === null ? null : this.#firstByteAt - this.#askedAt,
      retryAfterMs: this.#retryAfterMs,
      problem:
        outcome === 'completed'
          ? bytesWrong === 0
            ? null
            : wrong
          : (error?.message ??
            said ??
            (this.#status === 200
              ? `ended without [DONE] after ${this.#check.receivedBytes} bytes`
              : `status ${this.#status}`)),
    })
  }

  #text(text: string, at: number): void {
    if (this.#lastTextAt !== null) this.#longestSilenceMs = Math.max(this.#longestSilenceMs, at - this.#lastTextAt)
    this.#lastTextAt = at
    this.#check.take(text)
  }
}

const outcomeOf = (status: number, clean: boolean): Outcome => {
  if (status === 429) return 'refused'
  if (status >= 500) return 'server-error'
  return status === 200 && clean ? 'completed' : 'lost'
}
