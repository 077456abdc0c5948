import type { Family, ModelCall } from '@penstock/models'
import type { z } from 'zod'

/** The model a request goes to, as far as a prompt depends on it. */
export interface ModelTarget {
  readonly family: Family
  /** Real context window, tokens: prompt and output together. */
  readonly contextTokens: number
  readonly servedName: string
}

export interface FeatureDefaults {
  readonly lane: 'completion' | 'interactive' | 'background'
  /** Time to the first byte, ms: below what the caller waits for headers. */
  readonly firstByteMs: number
  /** Time to the last byte, ms. */
  readonly totalMs: number
}

export interface RequestSize {
  /** On the high side: no tokenizer is asked. */
  readonly promptTokensEstimate: number
  readonly outputTokensMax: number
}

/**
 * What Penstock does for one kind of request. Pure: the ingress turns a validated request into an input, the worker renders the
 * input for the model it got, the ingress builds the answer. The input travels as JSON.
 */
export interface Feature<I> {
  readonly name: string
  readonly input: z.ZodType<I>
  readonly defaults: FeatureDefaults
  /** Null: the answer is empty and no model is asked. */
  render(input: I, model: ModelTarget): ModelCall | null
  size(input: I): RequestSize
  /**
   * What requests that share a prompt prefix have in common, most specific first. Plain text with parts of the request in it: only a
   * keyed hash of it may leave the ingress.
   */
  affinity(input: I): string[]
}
