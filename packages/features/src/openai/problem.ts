import type { z } from 'zod'

/** Why a body is refused, in OpenAI's terms: the field at fault as the client spelled it, and a message that quotes no content. */
export interface OpenAiProblem {
  readonly ok: false
  readonly param: string | null
  readonly message: string
}

export function problem(param: string | null, message: string): OpenAiProblem {
  return { ok: false, param, message }
}

/** The first issue of a schema as a problem. */
export function problemOf(error: z.ZodError): OpenAiProblem {
  const { path, issue } = deepest(error.issues[0] as z.core.$ZodIssue)
  if (issue.code === 'unrecognized_keys') return unrecognized(paramOf([...path, issue.keys[0] ?? '']))
  const param = paramOf(path)
  return problem(param, `Invalid value for '${param}': ${issue.message}.`)
}

export function unrecognized(param: string): OpenAiProblem {
  const shown = param.slice(0, 128)
  return problem(shown, `Unrecognized request argument supplied: ${shown}`)
}

interface Located {
  readonly path: readonly PropertyKey[]
  readonly issue: z.core.$ZodIssue
}

/** A union reports one list of issues per branch: the branch that got furthest is the one the client meant. */
function deepest(issue: z.core.$ZodIssue): Located {
  const here = { path: issue.path, issue }
  if (issue.code !== 'invalid_union') return here
  return issue.errors
    .flatMap((issues) => issues.slice(0, 1))
    .map(deepest)
    .map(({ path, issue: inner }) => ({ path: [...issue.path, ...path], issue: inner }))
    .reduce<Located>((best, found) => (found.path.length > best.path.length ? found : best), here)
}

function paramOf(path: readonly PropertyKey[]): string {
  const param = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  return param.replace(/^\./, '').slice(0, 128)
}
