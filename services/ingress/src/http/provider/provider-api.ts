import type { AnswerEnvelope, AnswerFinish, Feature, OpenAiProblem } from '@penstock/features'
import type { ToolCallDelta, Usage } from '@penstock/models'
import type { AnswerPart } from '../../core/intake.ts'
import type { HttpAnswer } from '../http-answer.ts'

/** A complete answer, collected. */
export interface CollectedAnswer {
  readonly text: string
  readonly reasoning: string
  readonly calls: readonly ToolCallDelta[]
  /** By the place of their text in the request. */
  readonly vectors: ReadonlyMap<number, readonly number[]>
  readonly finishReason: AnswerFinish
  readonly stopString: string | null
  readonly usage: Usage | null
}

/** A request as one endpoint of a provider's API understood it. */
export interface ProviderRequest<I> {
  readonly input: I
  readonly stream: boolean
  readonly includeUsage: boolean
  /** The model as the client names it. */
  readonly model: string
}

/** An answer on its way as an event stream; texts are ready to be written. */
export interface EventWriter {
  readonly opening: string
  write(part: AnswerPart): string
}

/** How a provider's endpoints say that something went wrong. */
export interface ProviderErrors {
  /** A request that breaks the schema. */
  refused(problem: OpenAiProblem): HttpAnswer
  unknownModel(name: string): HttpAnswer
  /** Anything thrown ahead of the answer. */
  failed(thrown: unknown): HttpAnswer
  /** The last event of a stream that broke off. */
  failureEvent(thrown: unknown): string
}

/** One endpoint of a provider's API: how a request is read, how its answer looks, how errors do. */
export interface ProviderApi<I, R extends ProviderRequest<I> = ProviderRequest<I>> {
  readonly feature: Feature<I>
  readonly idPrefix: string
  readonly errors: ProviderErrors
  parse(json: unknown): ({ readonly ok: true } & R) | OpenAiProblem
  /** Whether the client gets to see what the model thinks. Absent: never. */
  showsReasoning?(request: R): boolean
  whole(envelope: AnswerEnvelope, answer: CollectedAnswer, request: R): object
  /** Absent: its answers are never streamed. */
  events?(envelope: AnswerEnvelope, request: R): EventWriter
  /** What must fit a model's context; the whole prompt's estimate when absent. */
  longestPrompt?(input: I): { readonly tokensEstimate: number; readonly param: string }
}
