import type { z } from 'zod'

/** One kind of bus message: its schema and where it is published. `ids` are the trailing subject tokens. */
export interface EventKind<T> {
  readonly name: string
  readonly version: number
  readonly schema: z.ZodType<T>
  /** Subject without the deployment's prefix. */
  subject(...ids: string[]): string
}

/** A question with exactly one answer. */
export interface RequestKind<Q, A> extends EventKind<Q> {
  readonly reply: z.ZodType<A>
}

const subjectOf = (name: string, version: number, ids: string[]): string => [name, `v${version}`, ...ids].join('.')

/** Defines an event: past tense or noun, no answer. */
export const defineEvent = <T>(name: string, version: number, schema: z.ZodType<T>): EventKind<T> => ({
  name,
  version,
  schema,
  subject: (...ids) => subjectOf(name, version, ids),
})

/** Defines a request: imperative, idempotent (it is sent again when no answer comes). */
export const defineRequest = <Q, A>(
  name: string,
  version: number,
  schema: z.ZodType<Q>,
  reply: z.ZodType<A>,
): RequestKind<Q, A> => ({ ...defineEvent(name, version, schema), reply })
