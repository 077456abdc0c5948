import type { z } from 'zod'

/** One thing that is wrong with a body, by the dotted path of its field. Quotes no values. */
export interface BodyIssue {
  readonly path: string
  readonly message: string
}

export function issuesOf(error: z.ZodError): BodyIssue[] {
  return error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
}

/** The issues of one field's value as issues of the body that holds it. */
export function issuesWithin(field: string, issues: readonly BodyIssue[]): BodyIssue[] {
  return issues.map(({ path, message }) => ({ path: `${field}.${path}`, message }))
}
