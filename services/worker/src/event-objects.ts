import { createParser } from 'eventsource-parser'

/** Longest event a node may send; beyond, the answer is broken. The first one repeats the token ids of the whole prompt. */
const eventCharsMax = 8 * 1024 * 1024

/** Reads the JSON objects of an event stream that arrives in pieces cut anywhere. */
export class EventObjects {
  readonly #decoder = new TextDecoder()
  readonly #parser
  #wanted = true
  #done = false

  /** `onObject` says whether more is wanted. */
  constructor(onObject: (object: unknown) => boolean) {
    this.#parser = createParser({
      maxBufferSize: eventCharsMax,
      onEvent: ({ data }) => {
        if (!this.#wanted || this.#done) return
        if (data === '[DONE]') this.#done = true
        else this.#wanted = onObject(JSON.parse(data))
      },
      onError: (error) => {
        if (error.type !== 'unknown-field') throw new Error(`event stream: ${error.type}`, { cause: error })
      },
    })
  }

  /** The stream has said `[DONE]`. */
  get done(): boolean {
    return this.#done
  }

  /** Takes bytes; false once nothing more is wanted. Throws on events that are too long or not JSON. */
  feed(bytes: Uint8Array): boolean {
    this.#parser.feed(this.#decoder.decode(bytes, { stream: true }))
    return this.#wanted
  }
}
