import type { DropCause, Sequence, SequenceTrace, StepResult } from '../engine.ts'
import type { Answer, AnswerEnd, AnswerStep } from '../openai/answer.ts'
import { BlockKeys } from './block-keys.ts'

/** What the engine has to know of an answer. */
export interface SequenceFacts {
  readonly prompt: Uint8Array
  readonly promptTokens: number
  readonly priority: number
  readonly lora: string | undefined
  readonly cacheSalt: string | undefined
  readonly ignoresPrefixCache: boolean
}

/** Who an answer's steps belong to. */
export interface SequenceOwner {
  step(sequence: AnswerSequence): StepResult
  flush(sequence: AnswerSequence): void
  dropped(sequence: AnswerSequence, cause: DropCause): void
}

/** One answer of a request as the engine's sequence. Its owner decides what its steps do. */
export class AnswerSequence implements Sequence {
  readonly choice: number
  readonly promptTokens: number
  readonly priority: number
  readonly lora: string | undefined
  readonly cacheSalt: string | undefined
  readonly ignoresPrefixCache: boolean
  /** Set when the engine took it. */
  trace: SequenceTrace | undefined
  ended: AnswerEnd | null = null
  /** Whether its end is in the metrics. */
  booked = false
  tokens = 0
  lastTokenAt = 0
  readonly #answer: Answer
  readonly #owner: SequenceOwner
  readonly #keys: BlockKeys

  constructor(choice: number, facts: SequenceFacts, answer: Answer, owner: SequenceOwner) {
    this.choice = choice
    this.promptTokens = facts.promptTokens
    this.priority = facts.priority
    this.lora = facts.lora
    this.cacheSalt = facts.cacheSalt
    this.ignoresPrefixCache = facts.ignoresPrefixCache
    this.#answer = answer
    this.#owner = owner
    this.#keys = new BlockKeys(facts.prompt)
  }

  next(): AnswerStep {
    return this.#took(this.#answer.next())
  }

  abort(): AnswerStep {
    return this.#took(this.#answer.abort())
  }

  blockKey(index: number): number {
    return this.#keys.key(index)
  }

  step(): StepResult {
    return this.#owner.step(this)
  }

  flush(): void {
    this.#owner.flush(this)
  }

  dropped(cause: DropCause): void {
    this.#owner.dropped(this, cause)
  }

  #took(step: AnswerStep): AnswerStep {
    if (step.token !== null) {
      this.tokens++
      this.#keys.push(step.token.text)
    }
    this.ended = step.end
    return step
  }
}
