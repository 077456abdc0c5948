import { isObject } from './json-object.ts'
import type { OpenAiProblem } from './problem.ts'
import { problem, unrecognized } from './problem.ts'

/** Change nothing about the answer here: accepted, and kept from the nodes. */
const unforwarded = ['user', 'metadata', 'store', 'service_tier', 'safety_identifier', 'prompt_cache_key']

/** OpenAI arguments no node is asked for, with the values that mean "not wanted" anyway. */
const unsupported: Readonly<Record<string, (value: unknown) => boolean>> = {
  n: (value) => value === 1,
  best_of: (value) => value === 1,
  logprobs: (value) => value === false,
  top_logprobs: (value) => value === 0,
  logit_bias: (value) => isObject(value) && Object.keys(value).length === 0,
  echo: (value) => value === false,
  suffix: (value) => value === '',
  modalities: (value) => Array.isArray(value) && value.every((modality) => modality === 'text'),
  audio: () => false,
  functions: () => false,
  function_call: () => false,
  prediction: () => false,
  reasoning_effort: () => false,
  verbosity: () => false,
  web_search_options: () => false,
}

/**
 * The arguments an endpoint knows, out of a body. Anything else is refused by name: an argument that is silently dropped gives an
 * answer the client did not ask for.
 */
export function pickArguments(
  body: unknown,
  known: readonly string[],
): { readonly ok: true; readonly fields: Record<string, unknown> } | OpenAiProblem {
  if (!isObject(body)) return problem(null, 'The request body must be a JSON object.')
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(body)) {
    if (known.includes(name)) fields[name] = value
    else if (Object.hasOwn(unsupported, name)) {
      if (value !== null && !unsupported[name]?.(value)) return problem(name, refusalOf(name))
    } else if (!unforwarded.includes(name)) return unrecognized(name)
  }
  return { ok: true, fields }
}

function refusalOf(name: string): string {
  if (name === 'n') return "Invalid value for 'n': only one answer per request is supported."
  return `Unsupported argument: '${name}' is not available here.`
}
