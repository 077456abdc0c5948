import { z } from 'zod'
import { boundedText, trimmedText } from '../bounded-text.ts'
import { firstChars, lastChars } from './clip.ts'

/** Longest text on either side of the cursor, characters. GitLab cuts it for `/v2` alone: what is longer elsewhere is cut here. */
const cursorTextChars = 100_000

/** GitLab's gateway reads digits in a string as a number too; the numbers here are only counted or compared. */
export const LaxInt = z.union([z.int(), z.string().regex(/^\s*[+-]?\d{1,18}\s*$/)])

export const FileName = trimmedText(255)
export const LanguageIdentifier = boundedText(255).nullish()
export const CursorText = boundedText(cursorTextChars)

/** The text above a cursor: its end counts. */
export const TextAbove = z.string().transform((text) => lastChars(text, cursorTextChars))
/** The text below a cursor: its beginning counts; null when the client left it out. */
export const TextBelow = z
  .string()
  .nullable()
  .transform((text) => firstChars(text ?? '', cursorTextChars))

export const PromptMessage = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })
