import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PrefixMemory } from './prefix-memory.ts'

test('the latest prompt of a key counts, at the node it was sent to and until that is cold', () => {
  const memory = new PrefixMemory()
  memory.sent('a', { key: 'k', tokens: 1000, kvTokens: null })
  memory.sent('a', { key: 'k', tokens: 1500, kvTokens: null })
  expect([memory.cachedTokens('a', 'k'), memory.cachedTokens('b', 'k'), memory.cachedTokens('a', 'x')]).toEqual([
    1500, 0, 0,
  ])
  memory.forget('a')
  expect(memory.cachedTokens('a', 'k')).toBe(0)
})

test('no more is remembered than the cache holds, the least recently used goes first, and the last stays', () => {
  const sends = fc.array(
    fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), tokens: fc.integer({ min: 256, max: 9000 }) }),
    {
      minLength: 1,
    },
  )
  fc.assert(
    fc.property(sends, fc.integer({ min: 1000, max: 20_000 }), (prompts, kvTokens) => {
      const memory = new PrefixMemory()
      for (const one of prompts) memory.sent('a', { ...one, kvTokens })
      const latest = new Map(prompts.map(({ key, tokens }) => [key, tokens]))
      const byUse = [...new Set(prompts.map(({ key }) => key).toReversed())]
      const known = byUse.filter((key) => memory.cachedTokens('a', key) > 0)
      expect(known).toEqual(byUse.slice(0, known.length))
      expect(known.length).toBeGreaterThan(0)
      expect(known.map((key) => memory.cachedTokens('a', key))).toEqual(known.map((key) => latest.get(key)))
      const held = known.reduce((sum, key) => sum + (latest.get(key) ?? 0), 0)
      if (known.length > 1) expect(held).toBeLessThanOrEqual(kvTokens)
    }),
  )
})
