import { z } from 'zod'

/** Whether JSON is an object: no list, not null. */
export function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** An object passed on as it is, the very same one: no key of it is read or copied. */
export const JsonObject = z.custom<Record<string, unknown>>(isObject, { error: 'must be an object' })
