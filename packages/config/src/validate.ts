import type { z } from 'zod'
import { ConfigDocument } from './document.ts'

export type ConfigPath = readonly (string | number)[]

/** One thing wrong with a document. */
export interface ConfigProblem {
  readonly path: ConfigPath
  readonly message: string
}

export type Validation =
  | { readonly ok: true; readonly document: ConfigDocument }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

/** Checks a document that is already a value: from the admin API or out of the store. */
export function validateDocument(value: unknown): Validation {
  const parsed = ConfigDocument.safeParse(value, {
    error: ({ input }) => (input === undefined ? 'is missing' : undefined),
  })
  if (parsed.success) return { ok: true, document: parsed.data }
  return { ok: false, problems: parsed.error.issues.flatMap(toProblems) }
}

/** The path as it is written in messages: `pools[0].nodes[1]`. */
export function formatPath(path: ConfigPath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`
      if (!/^[A-Za-z0-9_-]+$/.test(part)) return `[${JSON.stringify(part)}]`
      return index === 0 ? part : `.${part}`
    })
    .join('')
}

/** An unknown key is a problem of its own, at the key: zod reports all of an object's at the object. */
function toProblems(issue: z.core.$ZodIssue): ConfigProblem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], message: 'unknown key' }))
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => ({ path, message: inner.message }))
  return [{ path, message: issue.message }]
}
