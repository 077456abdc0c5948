import type { StreamFault } from './fault.ts'

/** Acts one fault out on one answer: strikes once, before the token after its `afterTokens`. */
export class StreamFaultPlayer {
  readonly fault: StreamFault
  #struck = false

  constructor(fault: StreamFault) {
    this.fault = fault
  }

  /** Whether the client must not even get headers. */
  get withholdsHeaders(): boolean {
    const { kind, when, afterTokens } = this.fault
    return when === 'before_headers' || (when === undefined && kind === 'hang' && afterTokens === 0)
  }

  /** Whether it strikes now that so many tokens were made. A hang strikes whoever comes. */
  strikes(tokens: number): boolean {
    const { when, afterTokens, kind } = this.fault
    const due = when === 'before_headers' || when === 'in_prefill' ? 0 : afterTokens
    if (tokens < due || (this.#struck && kind !== 'hang')) return false
    this.#struck = true
    return true
  }
}
