import type { AnswerEnvelope, AnswerFinish, Feature, ParsedOpenAi } from '@penstock/features'
import type { ToolCallDelta, Usage } from '@penstock/models'
import type { CollectedAnswer } from '../provider/provider-api.ts'

/** What differs between the endpoints whose stream is chunks that look alike. */
export interface AnswerShape<I> {
  readonly feature: Feature<I>
  readonly idPrefix: string
  parse(json: unknown): ParsedOpenAi<I>
  whole(envelope: AnswerEnvelope, answer: CollectedAnswer): object
  /** Chunk ahead of all others, if there is one. */
  opening(envelope: AnswerEnvelope): object | null
  text(envelope: AnswerEnvelope, text: string): object
  /** Null: the endpoint has no form for it. */
  readonly reasoning: ((envelope: AnswerEnvelope, text: string) => object) | null
  toolCalls(envelope: AnswerEnvelope, calls: readonly ToolCallDelta[]): object | null
  finish(envelope: AnswerEnvelope, reason: AnswerFinish): object
  usage(envelope: AnswerEnvelope, usage: Usage): object
}
