import type { ServerResponse } from 'node:http'

/**
 * A streamed answer on its way to one client. Memory is bounded: a client that leaves more than `unreadBytesMax` unread is cut
 * off, and `onTooSlow` told.
 */
export class ClientStream {
  readonly #response: ServerResponse
  readonly #unreadBytesMax: number
  readonly #onTooSlow: () => void
  #open = true
  /** The headers are out, or on their way in order. */
  #begun = false

  constructor(response: ServerResponse, options: { readonly unreadBytesMax: number; readonly onTooSlow: () => void }) {
    this.#response = response
    this.#unreadBytesMax = options.unreadBytesMax
    this.#onTooSlow = options.onTooSlow
  }

  /** Sends the status line without waiting for a first text. */
  open(): void {
    if (this.#open) this.#response.flushHeaders()
  }

  write(text: string): void {
    if (!this.#open || text === '') return
    this.#send(text)
    if (this.#response.writableLength <= this.#unreadBytesMax) return
    this.#open = false
    this.#onTooSlow()
    this.#response.destroy()
  }

  /**
   * Past the headers, a chunk goes to the socket as one string: `response.write` makes four pieces of it and hands them over in the next
   * tick, which costs half as much again per token. A response that waits its turn on a pipelined connection has no socket yet.
   */
  #send(text: string): void {
    const { socket } = this.#response
    if (this.#begun && socket?.writable === true && this.#response.chunkedEncoding)
      socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
    else this.#response.write(text)
    this.#begun = true
  }

  end(text = ''): void {
    if (!this.#open) return
    this.#open = false
    this.#response.end(text)
  }

  /** What was written still goes out; then the connection breaks off, so that the client cannot take the answer for complete. */
  cut(): void {
    if (!this.#open) return
    this.#open = false
    const { socket } = this.#response
    // Without chunks the end of the connection is the end of the answer: only a reset says otherwise.
    if (this.#response.req.httpVersion === '1.0') socket?.resetAndDestroy()
    else socket?.destroySoon()
  }
}
