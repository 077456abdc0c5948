import { createParser } from 'eventsource-parser'

/** What a piece of a streamed chat answer says. */
export interface ChatStreamEvents {
  /** Text of the answer, never empty. `at` is the instant handed to `take`. */
  onText(text: string, at: number): void
}

/** How a streamed chat answer ended, as far as it has been read. */
export interface ChatStreamEnd {
  /** The server's own id of the answer. */
  readonly id: string | null
  readonly finishReason: string | null
  /** The stream said `[DONE]`. */
  readonly done: boolean
  /** The error event, or why the stream cannot be read. */
  readonly error: string | null
}

/** Reads the server-sent events of `/v1/chat/completions` and `/v1/completions`. Events may be cut anywhere, also inside a character. */
export class ChatStream {
  readonly #decoder = new TextDecoder()
  readonly #parser
  readonly #events: ChatStreamEvents
  #at = 0
  #id: string | null = null
  #finishReason: string | null = null
  #done = false
  #error: string | null = null

  constructor(events: ChatStreamEvents) {
    this.#events = events
    this.#parser = createParser({ onEvent: ({ data }) => this.#event(data) })
  }

  /** Takes bytes of the body that arrived at an instant (ms of the caller's clock). */
  take(bytes: Uint8Array, at: number): void {
    this.#at = at
    this.#parser.feed(this.#decoder.decode(bytes, { stream: true }))
  }

  get end(): ChatStreamEnd {
    return { id: this.#id, finishReason: this.#finishReason, done: this.#done, error: this.#error }
  }

  #event(data: string): void {
    if (this.#done) this.#error ??= 'an event came after [DONE]'
    if (data === '[DONE]') {
      this.#done = true
      return
    }
    let chunk: Chunk
    try {
      chunk = JSON.parse(data) as Chunk
    } catch (error) {
      this.#error ??= `an event is not JSON: ${(error as Error).message}`
      return
    }
    if (chunk.error !== undefined) this.#error ??= JSON.stringify(chunk.error)
    this.#id ??= chunk.id ?? null
    const choice = chunk.choices?.[0]
    if (choice?.finish_reason != null) this.#finishReason = choice.finish_reason
    const text = choice?.delta?.content ?? choice?.text
    if (text) this.#events.onText(text, this.#at)
  }
}

/** The members of a chunk that are read. */
interface Chunk {
  id?: string
  error?: unknown
  choices?: { delta?: { content?: string | null }; text?: string; finish_reason?: string | null }[]
}
