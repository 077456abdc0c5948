import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StopStrings } from './stop-strings.ts'

const letters = fc.string({ unit: fc.constantFrom('a', 'b', '🌊'), maxLength: 12 })
const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '🌊'), minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 4,
})

/** Feeds pieces until a stop string matches; what came out, piece by piece. */
const run = (pieces: string[], list: string[], include: boolean): { out: string[]; matched: string | null } => {
  const watcher = new StopStrings(list, include)
  const out: string[] = []
  for (const piece of pieces) {
    const { text, matched } = watcher.push(piece)
    out.push(text)
    if (matched !== null) return { out, matched }
  }
  out.push(watcher.flush())
  return { out, matched: null }
}

test('what comes out ends before the stop string that is complete first, and never shows a part of it', () => {
  fc.assert(
    fc.property(fc.array(letters), stops, (pieces, list) => {
      const { out, matched } = run(pieces, list, false)
      const text = pieces.join('')
      expect(text.startsWith(out.join(''))).toBe(true)
      for (const stop of list) expect(out.join('')).not.toContain(stop)
      if (matched === null) expect(out.join('')).toBe(text)
      else expect(text.startsWith(out.join('') + matched)).toBe(true)
      for (const piece of out) expect(piece.isWellFormed()).toBe(true)
    }),
  )
})

test('a stop string that is wanted in the output ends it', () => {
  fc.assert(
    fc.property(fc.array(letters), stops, (pieces, list) => {
      const { out, matched } = run(pieces, list, true)
      if (matched === null) expect(out.join('')).toBe(pieces.join(''))
      else expect(out.join('').endsWith(matched)).toBe(true)
      expect(pieces.join('').startsWith(out.join(''))).toBe(true)
    }),
  )
})
