import type { StreamFault } from './fault.ts'

/** What a fault does instead of the next token. */
export type Strike = { readonly kind: 'delay'; readonly delayMs: number } | { readonly kind: 'reset' }

/** Acts one fault out on one answer: strikes once, before the token after its `afterTokens`. */
export class StreamFaultPlayer {
  readonly #fault: StreamFault
  #struck = false

  constructor(fault: StreamFault) {
    this.#fault = fault
  }

  /** Whether the client must not even get headers. */
  get withholdsHeaders(): boolean {
    return this.#fault.kind === 'hang' && this.#fault.afterTokens === 0
  }

  /** What happens now that so many tokens were made. */
  before(tokens: number): Strike | undefined {
    if (this.#struck || tokens < this.#fault.afterTokens) return undefined
    this.#struck = true
    switch (this.#fault.kind) {
      case 'hang':
        return { kind: 'delay', delayMs: Infinity }
      case 'stall':
        return { kind: 'delay', delayMs: this.#fault.stallMs }
      case 'reset_mid_stream':
        return { kind: 'reset' }
    }
  }
}
