import { canonicalJson, type JsonObject, type JsonValue } from './canonical-json.ts'
import { correlationIdCharsMax } from './record.ts'

/** Strings of a cut record keep this many characters, so that one long field does not push out all others. */
const cutStringChars = 256

/**
 * Canonical JSON of `data` in at most `bytesMax` bytes (≥ 18). What is too large or no JSON is cut: members are kept in
 * their order while they fit, strings shortened, nested values dropped, and `truncated: true` says so. Never throws.
 */
export const boundedDataJson = (data: JsonObject, bytesMax: number): string => {
  const whole = jsonOrNothing(data)
  if (whole !== undefined && Buffer.byteLength(whole) <= bytesMax) return whole
  const kept: Record<string, JsonValue> = {}
  let bytesLeft = bytesMax - Buffer.byteLength('{"truncated":true}')
  for (const [key, value] of Object.entries(data)) {
    const small = typeof value === 'string' ? value.slice(0, cutStringChars) : value
    if (key === 'truncated' || small === undefined || (typeof small === 'object' && small !== null)) continue
    const member = jsonOrNothing({ [key]: small })
    // The member's braces stand for its comma, with a byte to spare.
    const bytes = member === undefined ? Infinity : Buffer.byteLength(member)
    if (bytes > bytesLeft) continue
    bytesLeft -= bytes
    kept[key] = small
  }
  return canonicalJson({ ...kept, truncated: true })
}

/** A correlation id as a record keeps it: printable ASCII, bounded. Nothing when none is left. */
export const boundedCorrelationId = (id: string | undefined): string | undefined =>
  id?.slice(0, correlationIdCharsMax).replaceAll(/[^\x21-\x7e]/g, '_') || undefined

const jsonOrNothing = (value: unknown): string | undefined => {
  try {
    return canonicalJson(value)
  } catch (error) {
    // Not JSON, or nested deeper than the stack: the caller drops it.
    if (error instanceof TypeError || error instanceof RangeError) return undefined
    throw error
  }
}
