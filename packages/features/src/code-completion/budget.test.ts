import fc from 'fast-check'
import { estimateTokens } from '@penstock/models'
import { expect, test } from 'vitest'
import { keepEnd, keepStart } from '../code-suggestions/clip.ts'
import { fitToBudget } from './budget.ts'

test('what fits is left alone', () => {
  expect(fitToBudget({ prefix: 'p', suffix: 's', context: [] }, 8000, 128)).toEqual({ prefix: 'p', suffix: 's' })
})

test('the prefix keeps its end, the suffix its beginning, in shares of 93 to 7', () => {
  const prefix = 'a'.repeat(99_999) + 'P'
  const suffix = 'S' + 'b'.repeat(99_999)
  const fitted = fitToBudget({ prefix, suffix, context: ['never'] }, 8000, 128)
  const budget = 8000 - 128 - 400
  expect(prefix.endsWith(fitted.prefix)).toBe(true)
  expect(suffix.startsWith(fitted.suffix)).toBe(true)
  expect(fitted.suffix.length).toBe(Math.floor(budget * 0.07) * 3)
  expect(fitted.prefix.length / 3).toBeLessThanOrEqual(Math.ceil(budget * 0.93))
  expect(fitted.prefix.length / 3).toBeGreaterThan(budget * 0.89)
})

test('context goes before the prefix and is cut first', () => {
  expect(fitToBudget({ prefix: 'p', suffix: '', context: ['one', 'two'] }, 8000, 128).prefix).toBe('one\ntwo\np')
  const { prefix } = fitToBudget({ prefix: 'p', suffix: '', context: ['c'.repeat(400_000)] }, 128_000, 64)
  expect(prefix.endsWith('c\np')).toBe(true)
  expect(estimateTokens(prefix)).toBe(32_768)
})

test('while someone types, the beginning of a cut prefix stays', () => {
  const file = 'x'.repeat(50_000)
  const starts = Array.from(
    { length: 100 },
    (_, typed) => file.length + typed - keepEnd(file + 'y'.repeat(typed), 20_000).length,
  )
  expect(new Set(starts).size).toBeLessThanOrEqual(2)
})

test('a cut never exceeds its limit and never splits a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer({ min: 0, max: 300 }), (text, bytesMax) => {
      const [start, end] = [keepStart(text, bytesMax), keepEnd(text, bytesMax)]
      expect(text.startsWith(start) && text.endsWith(end)).toBe(true)
      expect(Math.max(Buffer.byteLength(start), Buffer.byteLength(end))).toBeLessThanOrEqual(bytesMax)
    }),
  )
})

test('prompt and output fit the model whatever comes in', () => {
  const size = fc.integer({ min: 0, max: 60_000 })
  fc.assert(
    fc.property(size, size, size, fc.constantFrom(8_000, 16_000, 32_000), (above, below, extra, contextTokens) => {
      const text = { prefix: 'p'.repeat(above), suffix: 's'.repeat(below), context: ['c'.repeat(extra)] }
      const { prefix, suffix } = fitToBudget(text, contextTokens, 128)
      expect(estimateTokens(prefix) + estimateTokens(suffix) + 128).toBeLessThan(contextTokens)
    }),
    { numRuns: 50 },
  )
})
