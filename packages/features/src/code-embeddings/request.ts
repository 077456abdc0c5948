import { z } from 'zod'
import { boundedText } from '../bounded-text.ts'
import { EndpointField, modelFieldChars, namedModel } from '../gitlab/model-metadata.ts'
import type { NamedModel } from '../gitlab/model-metadata.ts'

/** Texts in one request; GitLab sends at most 250. */
const textsMax = 2048

/** What a worker needs to have texts turned into vectors. */
export const CodeEmbeddingsInput = z.object({
  contents: z.array(z.string()).min(1),
  dimensions: z.int().min(1).nullable(),
})
export type CodeEmbeddingsInput = z.infer<typeof CodeEmbeddingsInput>

const Metadata = z.object({
  provider: z.string(),
  identifier: boundedText(modelFieldChars.identifier),
  name: boundedText(modelFieldChars.name).nullish(),
  endpoint: EndpointField.nullish(),
  api_key: boundedText(modelFieldChars.apiKey).nullish(),
})

const Body = z.object({
  contents: z.array(z.string()).min(1).max(textsMax),
  dimensions: z.int().min(1).max(65_536).nullish(),
  litellm_drop_params: z.boolean().nullish(),
})

export type ParsedCodeEmbeddings =
  | {
      readonly ok: true
      readonly input: CodeEmbeddingsInput
      readonly model: NamedModel
      /** As the client named it: the answer repeats it. */
      readonly identifier: string
    }
  /** `settings`: the model settings are wrong, and everybody is told how. The texts quote no values. */
  | { readonly ok: false; readonly kind: 'settings'; readonly message: string }
  | {
      readonly ok: false
      readonly kind: 'body'
      readonly issues: readonly { readonly path: string; readonly message: string }[]
    }

/** Validates a body of `/v1/embeddings/code_embeddings`. */
export function parseCodeEmbeddings(json: unknown): ParsedCodeEmbeddings {
  const body = Body.safeParse(json)
  if (!body.success)
    return {
      ok: false,
      kind: 'body',
      issues: body.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
    }
  const settings = (json as { model_metadata?: unknown }).model_metadata
  const read = Metadata.safeParse(settings)
  if (!read.success) {
    const fields = read.error.issues.map(({ path }) => path.join('.') || 'model_metadata').join(', ')
    return { ok: false, kind: 'settings', message: `Error creating the model_metadata: ${fields}` }
  }
  const { provider, name, endpoint, identifier } = read.data
  const problem = settingsProblem(provider, name, endpoint)
  if (problem !== null) return { ok: false, kind: 'settings', message: problem }
  const { contents, dimensions } = body.data
  return {
    ok: true,
    input: { contents, dimensions: dimensions ?? null },
    model: provider === 'gitlab' ? { kind: 'default' } : namedModel({ family: 'embedding', endpoint, identifier }),
    identifier,
  }
}

/** In the words of GitLab's gateway (contract http §8.11). */
function settingsProblem(
  provider: string,
  name: string | null | undefined,
  endpoint: string | null | undefined,
): string | null {
  if (provider === 'gitlab') return null
  if (provider !== 'litellm') return 'Allowed providers are: gitlab|litellm.'
  if (!name) return 'Model `name` must be set when using `litellm` provider.'
  if (name !== 'embedding') return "Model `name` must be 'embedding' when using `litellm` provider."
  return endpoint ? null : 'Model `endpoint` must be set when using `litellm` provider.'
}
