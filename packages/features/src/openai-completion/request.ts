import { Sampling } from '@penstock/models'
import { z } from 'zod'
import { pickArguments } from '../openai/arguments.ts'
import type { ParsedOpenAi } from '../openai/parsed.ts'
import { accepted } from '../openai/parsed.ts'
import { problem, problemOf } from '../openai/problem.ts'
import { samplingOf, samplingShape, transportShape } from '../openai/sampling.ts'

const Arguments = z.object({
  ...transportShape,
  ...samplingShape,
  prompt: z.union([z.string(), z.array(z.string()).length(1)]),
})

/** What a worker needs to ask a model to go on with a text. */
export const OpenAiCompletionInput = z.object({ prompt: z.string(), ...Sampling.shape })
export type OpenAiCompletionInput = z.infer<typeof OpenAiCompletionInput>

/** Validates a body of `/v1/completions`. */
export function parseOpenAiCompletion(body: unknown): ParsedOpenAi<OpenAiCompletionInput> {
  const picked = pickArguments(body, Object.keys(Arguments.shape))
  if (!picked.ok) return picked
  const refusal = promptRefusal(picked.fields.prompt)
  if (refusal !== null) return problem('prompt', `Invalid value for 'prompt': ${refusal}.`)
  const parsed = Arguments.safeParse(picked.fields)
  if (!parsed.success) return problemOf(parsed.error)
  const { prompt } = parsed.data
  return accepted(
    { prompt: typeof prompt === 'string' ? prompt : (prompt[0] as string), ...samplingOf(parsed.data) },
    parsed.data,
  )
}

/** The refusals a schema could only word as a wrong type. */
function promptRefusal(prompt: unknown): string | null {
  if (prompt === '' || (Array.isArray(prompt) && prompt[0] === '')) return 'it must not be empty'
  if (!Array.isArray(prompt)) return null
  if (prompt.some((item) => typeof item === 'number' || Array.isArray(item)))
    return 'lists of token ids are not supported, send text'
  return prompt.length === 1 ? null : 'a list must hold exactly one text'
}
