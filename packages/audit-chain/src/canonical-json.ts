/** A value that JSON can carry. Members that are `undefined` are left out. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [member: string]: JsonValue | undefined
}

/**
 * The one text of a JSON value (RFC 8785): members sorted by UTF-16 code units, no white space, numbers and strings as
 * ECMAScript prints them. Lone surrogates become U+FFFD, so that the text is always valid UTF-8. Throws TypeError for
 * what JSON cannot carry.
 */
export const canonicalJson = (value: unknown): string => {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed())
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object') return canonicalObject(value as Record<string, unknown>)
  throw new TypeError(`JSON cannot carry ${typeof value === 'number' ? String(value) : `a ${typeof value}`}`)
}

const canonicalObject = (object: Record<string, unknown>): string => {
  const members: string[] = []
  for (const key of Object.keys(object).sort()) {
    const value = object[key]
    if (value !== undefined) members.push(`${JSON.stringify(key.toWellFormed())}:${canonicalJson(value)}`)
  }
  return `{${members.join(',')}}`
}
