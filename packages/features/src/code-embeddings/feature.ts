import { estimateTokens } from '@penstock/models'
import type { Feature } from '../feature.ts'
import { CodeEmbeddingsInput } from './request.ts'

const shared: Omit<Feature<CodeEmbeddingsInput>, 'name' | 'defaults'> = {
  input: CodeEmbeddingsInput,
  embeds: true,

  render({ contents, dimensions }) {
    return { kind: 'embedding', input: contents, ...(dimensions === null ? {} : { dimensions }) }
  },

  size({ contents }) {
    // One token of output stands for the answer: vectors cost a node nothing but the reading of their texts.
    return { promptTokensEstimate: contents.reduce((sum, text) => sum + estimateTokens(text), 0), outputTokensMax: 1 }
  },

  affinity: () => [],
}

const about = {
  unitPrimitives: ['generate_embeddings_codebase'],
  promised: 'not on self-hosted',
  promptVariants: [],
} as const

/** Vectors of a code base, for an index: much at once, and nobody waits. */
export const codeEmbeddings: Feature<CodeEmbeddingsInput> = {
  ...shared,
  name: 'code-embeddings',
  defaults: { lane: 'background', firstByteMs: 50_000, totalMs: 60_000 },
  about: {
    ...about,
    title: 'Code embeddings (index)',
    endpoints: ['POST /v1/embeddings/code_embeddings', 'POST /v1/embeddings/code_embeddings/index'],
  },
}

/** The vector of a question, for which somebody waits. */
export const codeEmbeddingSearch: Feature<CodeEmbeddingsInput> = {
  ...shared,
  name: 'code-embedding-search',
  defaults: { lane: 'interactive', firstByteMs: 20_000, totalMs: 25_000 },
  about: {
    ...about,
    title: 'Code embeddings (search)',
    endpoints: ['POST /v1/embeddings/code_embeddings/search'],
  },
}
