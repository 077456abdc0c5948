import type { EndPart, Part } from '@penstock/contracts'
import type { ModelCall, Reasoning } from '@penstock/models'
import type { NodeTrouble } from '../core/judge-failure.ts'

/** What a run asks of a node. */
export interface BackendCall {
  readonly call: ModelCall
  /** What the node calls the model. */
  readonly servedName: string
  /** Names that its answers may carry; null: not known. */
  readonly answersAs: readonly string[] | null
  /** How the model thinks, says the configuration; by its name when absent. */
  readonly reasoning?: Reasoning | undefined
  /** Separates prefix caches of trust domains, where the backend can. */
  readonly cacheSalt: string
  readonly requestId: string
  readonly traceparent: string | undefined
  /** Stops the node: the connection is closed at once. */
  readonly signal: AbortSignal
  /** Told the parts of the answer in order; none, when the node only gave a sign of life. */
  readonly onParts: (parts: Part[]) => void
}

export type BackendAnswer =
  | {
      readonly kind: 'end'
      readonly end: EndPart
      /** Prompt tokens that were not in a prefix cache; absent when the server does not tell. */
      readonly uncachedTokens?: number
    }
  | { readonly kind: 'trouble'; readonly trouble: NodeTrouble }

/**
 * The one seam to model servers: a model call goes in, parts of the answer and a judgeable end come out. Bodies are built here
 * from the call alone. No adapter retries, follows a redirect or waits longer than `signal`.
 */
export interface Backend {
  /** Whether it can go on with an answer that another node has begun, or with one that the client begins. */
  readonly continuesAnswers: boolean
  /** Settles when the answer has ended or broken; rejects only on a bug. */
  answer(asked: BackendCall): Promise<BackendAnswer>
  close(): Promise<void>
}
