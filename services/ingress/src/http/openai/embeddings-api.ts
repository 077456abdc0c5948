import { embeddingList, features, parseOpenAiEmbeddings } from '@penstock/features'
import type { OpenAiEmbeddingsInput, VectorEncoding } from '@penstock/features'
import type { ProviderApi, ProviderRequest } from '../provider/provider-api.ts'
import { openAiErrors } from './errors.ts'

type EmbeddingsRequest = ProviderRequest<OpenAiEmbeddingsInput> & { readonly encoding: VectorEncoding }

const feature = features['openai-embeddings']

/** `/v1/embeddings`: each text is a prompt of its own, and the longest must fit. */
export const embeddingsApi: ProviderApi<OpenAiEmbeddingsInput, EmbeddingsRequest> = {
  feature,
  idPrefix: 'embd-',
  errors: openAiErrors,
  parse: parseOpenAiEmbeddings,
  whole: (envelope, answer, { encoding }) => embeddingList(envelope, answer, encoding),
  longestPrompt: ({ texts, dimensions }) => ({
    tokensEstimate: Math.max(...texts.map((text) => feature.size({ texts: [text], dimensions }).promptTokensEstimate)),
    param: 'input',
  }),
}
