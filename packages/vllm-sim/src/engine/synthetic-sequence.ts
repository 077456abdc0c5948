import { blockTokens } from '../engine.ts'
import type { DropCause, Sequence, StepResult } from '../engine.ts'
import { chainHash, textHash } from './prefix-chain.ts'

export interface SyntheticSequenceOptions {
  readonly promptTokens: number
  /** At least 1. */
  readonly outputTokens: number
  readonly priority?: number | undefined
  readonly lora?: string | undefined
  readonly cacheSalt?: string | undefined
  /**
   * What the prompt consists of: one number or text for each `partTokens` tokens, equal for equal content. What lies beyond the parts, the
   * output included, is unlike anything else. Without it the whole sequence is.
   */
  readonly parts?: readonly (number | string)[] | undefined
  /** A multiple of `blockTokens`. Default `blockTokens`; Mooncake's traces have 512. */
  readonly partTokens?: number | undefined
  /** The token just made is on its way; `made` counts from 1. */
  readonly onToken?: ((made: number) => void) | undefined
  /** Called once: all tokens are out, or the engine dropped the sequence. Not called for `remove`. */
  readonly onEnd?: ((cause: 'finished' | DropCause) => void) | undefined
}

let serial = 0

/** A request without text: so many tokens in, so many out. For policies and load models that drive an engine directly. */
export class SyntheticSequence implements Sequence {
  readonly promptTokens: number
  readonly priority: number
  readonly lora: string | undefined
  readonly cacheSalt: string | undefined
  readonly #options: SyntheticSequenceOptions
  readonly #blocksPerPart: number
  readonly #serial = ++serial
  #made = 0

  constructor(options: SyntheticSequenceOptions) {
    this.promptTokens = options.promptTokens
    this.priority = options.priority ?? 0
    this.lora = options.lora
    this.cacheSalt = options.cacheSalt
    this.#options = options
    this.#blocksPerPart = (options.partTokens ?? blockTokens) / blockTokens
  }

  blockKey(index: number): number {
    const { parts } = this.#options
    const part = parts?.[Math.floor(index / this.#blocksPerPart)]
    // A part of which the prompt has only a beginning is still that part; the output behind it is not.
    if (part === undefined || (index + 1) * blockTokens > this.promptTokens) return chainHash(this.#serial, index)
    return chainHash(typeof part === 'string' ? textHash(part) : part, index % this.#blocksPerPart)
  }

  step(): StepResult {
    return ++this.#made < this.#options.outputTokens ? 'more' : 'done'
  }

  flush(): void {
    this.#options.onToken?.(this.#made)
    if (this.#made >= this.#options.outputTokens) this.#options.onEnd?.('finished')
  }

  dropped(cause: DropCause): void {
    this.#options.onEnd?.(cause)
  }
}
