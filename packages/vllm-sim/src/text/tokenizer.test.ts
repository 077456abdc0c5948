import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countTokens, decodeTokens, encodeTokens, splitTokens, startsToken, tokenBytesMax } from './tokenizer.ts'
import { vocabulary } from './vocabulary.ts'

const anyText = fc.string({ unit: 'binary' })

test('any text comes back from its token ids', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(decodeTokens(encodeTokens(Buffer.from(text)))).toEqual({ kind: 'text', text })
    }),
  )
})

test('counting, splitting and encoding agree, and no token splits a character', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const pieces = splitTokens(text)
      expect(pieces.join('')).toBe(text)
      expect(pieces.length).toBe(countTokens(Buffer.from(text)))
      expect(pieces.length).toBe(encodeTokens(Buffer.from(text)).length)
      for (const piece of pieces) expect(piece.isWellFormed()).toBe(true)
    }),
  )
})

test('every word of the vocabulary is one token wherever it stands', () => {
  const words = vocabulary.map((word) => word.text)
  for (const { bytes } of vocabulary) {
    expect(bytes.length).toBeLessThanOrEqual(tokenBytesMax)
    expect(startsToken(bytes[0] as number)).toBe(true)
    expect(countTokens(bytes)).toBe(1)
  }
  fc.assert(
    fc.property(anyText, fc.array(fc.constantFrom(...words)), (before, said) => {
      const whole = countTokens(Buffer.from(before + said.join('')))
      expect(whole).toBe(countTokens(Buffer.from(before)) + said.length)
    }),
  )
})

test('prose comes to about four characters a token', () => {
  const prose =
    'The gate keeps the water back until the wheel below can take it, and then it lets through just that much.'
  const ratio = prose.length / countTokens(Buffer.from(prose))
  expect(ratio).toBeGreaterThan(3)
  expect(ratio).toBeLessThan(5)
})

test('numbers that no token has are named', () => {
  expect(decodeTokens([...encodeTokens(Buffer.from('good')), 7])).toEqual({ kind: 'unknown_id', id: 7 })
  expect(decodeTokens([511])).toEqual({ kind: 'unknown_id', id: 511 })
})
