import { blockTokens } from '../engine.ts'
import type { Sequence } from '../engine.ts'
import { chainHash, chainRoot } from './prefix-chain.ts'
import { traceStep } from './sequence-trace.ts'
import type { OpenTrace } from './sequence-trace.ts'

/** A sequence with what the scheduler knows about it. "Computed tokens chase known tokens": that is all there is to prefill and decode. */
export class Entry {
  readonly sequence: Sequence
  readonly trace: OpenTrace
  /** Order of arrival. */
  readonly order: number
  readonly priority: number
  /** `preparing`: still in the front end. `gone`: of no interest to any queue. */
  state: 'preparing' | 'waiting' | 'running' | 'gone' = 'preparing'
  /** Prompt and output tokens made. */
  known: number
  /** Tokens whose keys and values are in `blocks`. */
  computed = 0
  /** The most it ever had computed, before preemptions. */
  computedBefore = 0
  readonly blocks: number[] = []
  /** Blocks from the start on that can be found by others. */
  registered = 0
  /** Tokens of the step under way. */
  scheduled = 0
  /** Takes no part in steps until then. */
  stalledUntil = -Infinity
  /** Taken back while in a step; leaves at its end. */
  removed = false
  #run: [first: number, last: number] | undefined
  readonly #hashes: number[] = []
  readonly #root: number

  constructor(sequence: Sequence, trace: OpenTrace, order: number) {
    this.sequence = sequence
    this.trace = trace
    this.order = order
    this.priority = sequence.priority ?? 0
    this.known = sequence.promptTokens
    const root = chainRoot(sequence.lora, sequence.cacheSalt)
    this.#root = sequence.blockKey === undefined ? chainHash(root, order) : root
  }

  /** Hash of a full block and everything before it. Only for blocks whose tokens are all known. */
  hashOf(index: number): number {
    const hashes = this.#hashes
    for (let at = hashes.length; at <= index; at++) {
      const parent = at === 0 ? this.#root : (hashes[at - 1] as number)
      hashes.push(chainHash(parent, this.sequence.blockKey?.(at) ?? at))
    }
    return hashes[index] as number
  }

  /** Writes down that it takes part in a step. */
  joined(step: number): void {
    const run = this.#run
    if (run !== undefined && run[1] === step - 1) {
      run[1] = step
      return
    }
    traceStep(this.trace, step)
    this.#run = this.trace.steps.at(-1)
  }

  /** Whether the step under way makes a token. */
  get yields(): boolean {
    return this.computed + this.scheduled >= this.known
  }
}

export const blocksFor = (tokens: number): number => Math.ceil(tokens / blockTokens)
