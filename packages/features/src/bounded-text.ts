import { z } from 'zod'

/** A string of at most so many characters. Characters are code points, as Ruby and Python count them, not UTF-16 units. */
export function boundedText(charsMax: number) {
  return z.string().refine((text) => fits(text, charsMax), { error: `longer than ${charsMax} characters` })
}

/** The same, without the blanks around it. */
export function trimmedText(charsMax: number) {
  return z
    .string()
    .trim()
    .refine((text) => fits(text, charsMax), { error: `longer than ${charsMax} characters` })
}

function fits(text: string, charsMax: number): boolean {
  if (text.length <= charsMax) return true
  if (text.length > 2 * charsMax) return false
  let chars = 0
  for (const _ of text) chars++
  return chars <= charsMax
}
