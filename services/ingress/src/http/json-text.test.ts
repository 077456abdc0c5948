import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BodyRefusal } from './body-refusal.ts'
import { parseJsonText } from './json-text.ts'

it('JSON is read as JSON.parse reads it', () => {
  const jsonText = fc.json({ maxDepth: 8 }).filter((text) => !/__proto__|constructor/.test(text))
  fc.assert(
    fc.property(jsonText, (text) => {
      expect(parseJsonText(Buffer.from(text))).toEqual(JSON.parse(Buffer.from(text).toString()))
    }),
  )
})

it('no bytes do more than be refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        parseJsonText(Buffer.from(bytes))
      } catch (error) {
        expect(error).toBeInstanceOf(BodyRefusal)
      }
    }),
  )
})

it('a million values are refused before any is built', () => {
  expect(() => parseJsonText(Buffer.from(`[${'1,'.repeat(1_000_000)}1]`))).toThrow('more than 100000 values')
})
