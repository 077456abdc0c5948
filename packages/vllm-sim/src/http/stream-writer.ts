import type { ServerResponse } from 'node:http'
import type { TokenOutlet } from './token-outlet.ts'

/** Collects the bytes of one stream and sends them through the server's outlet, in order. */
export class StreamWriter {
  readonly #response: ServerResponse
  readonly #outlet: TokenOutlet
  #pending = ''

  constructor(response: ServerResponse, outlet: TokenOutlet) {
    this.#response = response
    this.#outlet = outlet
  }

  add(bytes: string): void {
    this.#pending += bytes
  }

  /** Sends what was added: a token, or nothing. `sent` runs once it left the process. */
  flush(sent?: () => void): void {
    const bytes = this.#take()
    this.#outlet.send(bytes === '' ? 0 : 1, () => {
      if (bytes !== '' && !this.#response.destroyed) this.#response.write(bytes, sent)
      else sent?.()
    })
  }

  /** Sends the rest and ends the response. */
  end(): void {
    const bytes = this.#take()
    this.#outlet.send(bytes === '' ? 0 : 1, () => void this.#response.end(bytes))
  }

  #take(): string {
    const bytes = this.#pending
    this.#pending = ''
    return bytes
  }
}
