import type { Family, ModelCall } from '@penstock/models'
import type { z } from 'zod'

/** The model a request goes to, as far as a prompt depends on it. */
export interface ModelTarget {
  readonly family: Family
  /** Real context window, tokens: prompt and output together. */
  readonly contextTokens: number
  readonly servedName: string
  /** The model calls tools itself: its servers parse calls, says the configuration. */
  readonly nativeTools?: boolean
  /** The server can go on with an answer that the prompt begins. */
  readonly continuesAnswers?: boolean
}

export interface FeatureDefaults {
  readonly lane: 'completion' | 'interactive' | 'background'
  /** Time to the first byte, ms: below what the caller waits for headers. */
  readonly firstByteMs: number
  /** Time to the last byte, ms. */
  readonly totalMs: number
  /** The same for an answer in one piece, ms. Absent: as long as to the first byte, because its caller waits for headers. */
  readonly wholeMs?: number
  /** Time in the queue, ms: beyond it nobody waits for the answer any more. Absent: as long as to the first byte. */
  readonly queueMs?: number
}

export interface RequestSize {
  /** On the high side: no tokenizer is asked. */
  readonly promptTokensEstimate: number
  readonly outputTokensMax: number
}

/** What the catalogue of features (docs/features.md) says about one. Nothing decides by it. */
export interface FeatureAbout {
  /** As GitLab's documentation calls it. */
  readonly title: string
  /** What a client asks, `POST /v2/code/completions` for instance. */
  readonly endpoints: readonly string[]
  /** Prompt id in GitLab's catalogue, and the versions asked for that it answers, `any 1.x` for instance. */
  readonly promptId?: string
  readonly promptVersions?: string
  /** GitLab's feature setting that chooses the model; absent: none. */
  readonly setting?: string
  /** Scopes of a token that open it; one is enough. */
  readonly unitPrimitives: readonly string[]
  /** What GitLab's documentation promises for self-hosted models, `GA 17.9` for instance. */
  readonly promised: string
  /** Prompt variants it has besides `base`; a family takes the first of its own that is among them. */
  readonly promptVariants: readonly string[]
}

/**
 * What Penstock does for one kind of request. Pure: the ingress turns a validated request into an input, the worker renders the
 * input for the model it got, the ingress builds the answer. The input travels as JSON.
 */
export interface Feature<I> {
  readonly name: string
  readonly input: z.ZodType<I>
  readonly defaults: FeatureDefaults
  /** It asks for vectors, not for text. */
  readonly embeds?: boolean
  /** Absent for fronts of our own, which GitLab's catalogue does not know. */
  readonly about?: FeatureAbout
  /** Null: the answer is empty and no model is asked. */
  render(input: I, model: ModelTarget): ModelCall | null
  size(input: I): RequestSize
  /**
   * What requests that share a prompt prefix have in common, most specific first; placement goes by the first. Plain text with parts of
   * the request in it: only a keyed hash of it may leave the ingress.
   */
  affinity(input: I): string[]
  /**
   * What a newer request of the same user makes an older one worthless by, such as the file that is typed in; equal requests of one
   * tenant then share one generation. Plain text: only a keyed hash of it may leave the ingress. Absent, null: every request stands
   * for itself.
   */
  replaces?(input: I): string | null
}
