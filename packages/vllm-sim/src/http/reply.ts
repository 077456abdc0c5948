import type { AnswerStep } from '../openai/answer.ts'

/** Where the steps of an answer go. */
export interface Reply {
  /** Sends what can be sent before the first token. */
  open(): void
  add(step: AnswerStep): void
  /** Sends what was added. `sent` runs once it left the process. */
  flush(sent?: () => void): void
  /** Sends the rest; the step with the answer's end was added before. */
  end(): void
}

export interface ReplyDetail {
  readonly promptTokens: number
  /** Set when token ids were asked for. */
  readonly promptTokenIds: readonly number[] | null
}
