import type { Usage } from '@penstock/models'
import type { AnswerEnvelope } from '../openai/envelope.ts'
import type { VectorEncoding } from './request.ts'

export interface EmbeddingsAnswer {
  /** By the place of their text in the request. */
  readonly vectors: ReadonlyMap<number, readonly number[]>
  /** Null when the node did not tell. */
  readonly usage: Usage | null
}

/** The whole answer of `/v1/embeddings`, in the order of the texts. */
export function embeddingList(
  envelope: Pick<AnswerEnvelope, 'model'>,
  { vectors, usage }: EmbeddingsAnswer,
  encoding: VectorEncoding,
) {
  return {
    object: 'list',
    data: [...vectors]
      .sort(([one], [other]) => one - other)
      .map(([index, values]) => ({
        object: 'embedding',
        index,
        embedding: encoding === 'float' ? values : base64Of(values),
      })),
    model: envelope.model,
    ...(usage === null ? {} : { usage: { prompt_tokens: usage.promptTokens, total_tokens: usage.promptTokens } }),
  }
}

/** Little-endian 32-bit floats, as OpenAI's clients read them. */
function base64Of(values: readonly number[]): string {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, index * 4)
  return bytes.toString('base64')
}
