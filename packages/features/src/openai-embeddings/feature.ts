import { estimateTokens } from '@penstock/models'
import type { Feature } from '../feature.ts'
import { OpenAiEmbeddingsInput } from './request.ts'

/** OpenAI's embeddings endpoint. Whether a person waits or an index is built cannot be told: time for both. */
export const openAiEmbeddings: Feature<OpenAiEmbeddingsInput> = {
  name: 'openai-embeddings',
  input: OpenAiEmbeddingsInput,
  embeds: true,
  defaults: { lane: 'interactive', firstByteMs: 50_000, totalMs: 60_000, wholeMs: 60_000 },

  render({ texts, dimensions }) {
    return { kind: 'embedding', input: texts, ...(dimensions === null ? {} : { dimensions }) }
  },

  size({ texts }) {
    // One token of output stands for the answer: vectors cost a node nothing but the reading of their texts.
    return { promptTokensEstimate: texts.reduce((sum, text) => sum + estimateTokens(text), 0), outputTokensMax: 1 }
  },

  affinity: () => [],
}
