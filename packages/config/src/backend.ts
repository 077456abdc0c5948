import { z } from 'zod'

/** Where a secret is kept. The document itself never holds one. */
export const SecretReference = z
  .string()
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/.+)$/, 'must be env:NAME or file:/absolute/path')

const MaxTokensField = z.enum(['max_tokens', 'max_completion_tokens'])

/** vLLM: continues answers of other nodes, tells token ids, separates prefix caches. */
const Vllm = z.strictObject({ kind: z.literal('vllm') })

/** Any other server of OpenAI's API: gets no field that OpenAI's own API does not have. */
const OpenAi = z.strictObject({
  kind: z.literal('openai'),
  /** False for servers that cannot stream: their answers come in one piece. */
  stream: z.boolean().default(true),
  maxTokensField: MaxTokensField.default('max_tokens'),
})

/** Azure OpenAI: a model's `servedName` is its deployment, the node's credential its `api-key`. */
const AzureOpenAi = z.strictObject({
  kind: z.literal('azure-openai'),
  /** A dated version of the API, asked at the deployment's own path; `v1`: the undated API. */
  apiVersion: z
    .string()
    .regex(/^(\d{4}-\d{2}-\d{2}(-preview)?|v1)$/, 'must be YYYY-MM-DD, YYYY-MM-DD-preview or v1')
    .default('2024-10-21'),
  /** Reasoning models refuse `max_tokens`; every chat model of the default API version takes the other one. */
  maxTokensField: MaxTokensField.default('max_completion_tokens'),
})

/**
 * AWS Bedrock through its Converse API: a model's `servedName` is its model id or inference profile. Credentials: the node's
 * `credential` is a Bedrock API key; else `accessKey`; else AWS's default chain on the worker's machine.
 */
const Bedrock = z.strictObject({
  kind: z.literal('bedrock'),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region such as eu-central-1'),
  accessKey: z
    .strictObject({ id: SecretReference, secret: SecretReference, sessionToken: SecretReference.optional() })
    .optional(),
})

/** What kind of server a node is, and what it has to be told. */
export const Backend = z.discriminatedUnion('kind', [Vllm, OpenAi, AzureOpenAi, Bedrock])
export type BackendConfig = z.output<typeof Backend>
