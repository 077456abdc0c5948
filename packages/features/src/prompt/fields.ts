import { z } from 'zod'

/** GitLab renders its inputs into text: null is nothing, and a number or a flag is its text. */
const asText = (value: unknown): unknown => {
  if (value === null) return ''
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
}

/** An input that has to be there; null counts as empty. */
export const text = () => z.preprocess(asText, z.string())

/** An input that some callers leave out. */
export const optionalText = () => z.preprocess((value) => asText(value ?? ''), z.string())

/** A list of texts; null and nothing are the empty list, and one text is a list of one. */
export const textList = () =>
  z.preprocess((value) => (value == null ? [] : Array.isArray(value) ? value : [value]), z.array(text()))
