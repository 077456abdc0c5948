import type { AnswerStep } from '../openai/answer.ts'
import type { LogprobOptions } from '../openai/logprobs.ts'
import type { Refusal } from '../openai/refusal.ts'
import type { Endpoint } from '../openai/request.ts'
import type { Token } from '../openai/token-source.ts'
import type { VersionProfile } from '../profiles/version-profile.ts'
import type { TokenOutlet } from './token-outlet.ts'
import type { UsageMeter } from './usage-meter.ts'

/** Where the steps of a request's answers go. */
export interface Reply {
  /** Sends what can be sent before the first token. */
  open(): void
  /** `choice`: index of the answer. */
  add(choice: number, step: AnswerStep): void
  /** Sends what was added. `sent` runs once it left the process. */
  flush(sent?: () => void): void
  /** Sends the rest; the steps with the answers' ends were added before. */
  end(): void
  /** Sends broken JSON between the true events; a reply that is not streamed ends with it. */
  garble(): void
  /** Ends in order, but too early. */
  truncate(): void
  /** Ends without the answers: an error status, or an error event where the status is spent. */
  fail(refusal: Refusal): void
}

/** What all parts of one reply share. */
export interface ReplyHead {
  readonly endpoint: Endpoint
  /** `chatcmpl-…` or `cmpl-…`. */
  readonly id: string
  /** Epoch seconds. */
  readonly created: number
  readonly model: string
  /** Role of the answers' messages; a chat only. */
  readonly role: string
  readonly profile: VersionProfile
  readonly fingerprint: string | null
}

/** What the client wants to see of one answer beside its text. */
export interface ChoiceDetail {
  /** Text that stands before the answer, and its tokens. */
  readonly echo: { readonly text: string; readonly tokens: readonly Token[] }
  /** The answer's own text is not shown. */
  readonly onlyEchoes: boolean
  /** Set when token ids were asked for. */
  readonly promptTokenIds: readonly number[] | null
  readonly promptLogprobs: readonly (object | null)[] | null
}

export interface ReplyDetail {
  readonly head: ReplyHead
  readonly choices: readonly ChoiceDetail[]
  readonly logprobs: LogprobOptions | null
  readonly usage: UsageMeter
  /** What a stream's bytes go through. */
  readonly outlet: TokenOutlet
  /** Headers beside the usual ones. */
  readonly headers: () => Readonly<Record<string, string>>
}
