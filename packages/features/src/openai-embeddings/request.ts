import { z } from 'zod'
import { pickArguments } from '../openai/arguments.ts'
import type { ParsedOpenAi } from '../openai/parsed.ts'
import { problem, problemOf } from '../openai/problem.ts'
import { transportShape } from '../openai/sampling.ts'

/** Texts in one request, as at OpenAI. */
const textsMax = 2048

const Arguments = z.object({
  model: transportShape.model,
  input: z.union([z.string(), z.array(z.string()).min(1).max(textsMax)]),
  dimensions: z.int().min(1).max(65_536).nullish(),
  encoding_format: z.enum(['float', 'base64']).nullish(),
})

/** What a worker needs to have texts turned into vectors. */
export const OpenAiEmbeddingsInput = z.object({
  texts: z.array(z.string()).min(1),
  dimensions: z.int().min(1).nullable(),
})
export type OpenAiEmbeddingsInput = z.infer<typeof OpenAiEmbeddingsInput>

/** How the numbers of a vector are written. */
export type VectorEncoding = 'float' | 'base64'

export type ParsedOpenAiEmbeddings = ParsedOpenAi<OpenAiEmbeddingsInput, { readonly encoding: VectorEncoding }>

/** Validates a body of `/v1/embeddings`. */
export function parseOpenAiEmbeddings(body: unknown): ParsedOpenAiEmbeddings {
  const picked = pickArguments(body, Object.keys(Arguments.shape))
  if (!picked.ok) return picked
  const refusal = inputRefusal(picked.fields.input)
  if (refusal !== null) return problem('input', `Invalid value for 'input': ${refusal}.`)
  const parsed = Arguments.safeParse(picked.fields)
  if (!parsed.success) return problemOf(parsed.error)
  const { model, input, dimensions, encoding_format: encoding } = parsed.data
  return {
    ok: true,
    input: { texts: typeof input === 'string' ? [input] : input, dimensions: dimensions ?? null },
    stream: false,
    includeUsage: false,
    model,
    encoding: encoding ?? 'float',
  }
}

/** The refusals a schema could only word as a wrong type. */
function inputRefusal(input: unknown): string | null {
  if (typeof input === 'string') return input === '' ? 'it must not be empty' : null
  if (!Array.isArray(input)) return null
  if (input.some((item) => typeof item === 'number' || Array.isArray(item)))
    return 'lists of token ids are not supported, send text'
  if (input.length === 0 || input.length > textsMax) return `a list must hold 1 to ${textsMax} texts`
  return input.includes('') ? 'no text of the list may be empty' : null
}
