import { expect, test } from 'vitest'
import { families, familyNames, isFamily, pickVariant, traitsOf } from './families.ts'

test.each([
  ['mistral', 0, 4096, 128_000, 'codestral'],
  ['mixtral', 0, 4096, 32_000, 'codestral'],
  ['codestral', 0, 4096, 128_000, 'codestral'],
  ['llama3', 0, 4096, 128_000, 'none'],
  ['codellama', 0, 4096, 16_000, 'codellama'],
  ['codegemma', 0, 4096, 8_000, 'codegemma'],
  ['deepseekcoder', 0, 4096, 16_000, 'deepseekcoder'],
  ['claude_3', 0, 4096, 200_000, 'none'],
  ['general', 0, 4096, 200_000, 'none'],
  ['gpt', null, null, 128_000, 'none'],
  ['gemini', 1, 65_536, 1_000_000, 'none'],
  ['qwen', 0, 8_192, 262_144, 'none'],
] as const)('%s has the defaults that GitLab assumes', (name, temperature, maxTokens, contextTokens, fim) => {
  expect(traitsOf(name)).toMatchObject({ temperature, maxTokens, contextTokens, fim, generatesText: true })
})

test('every table row is a family, and names from outside are not', () => {
  expect(familyNames).toHaveLength(13)
  expect(familyNames.every(isFamily)).toBe(true)
  for (const name of ['gpt-oss', '', 'toString', '__proto__', 'Mistral']) expect(isFamily(name)).toBe(false)
  expect(families.embedding.generatesText).toBe(false)
})

test('a family takes its own variant, then that of its relatives, then base', () => {
  const variants = { base: 'base', mistral: 'mistral', llama3: 'llama3' }
  expect(pickVariant('codestral', variants)).toBe('mistral')
  expect(pickVariant('mixtral', { ...variants, mixtral: 'mixtral' })).toBe('mixtral')
  expect(pickVariant('llama3', variants)).toBe('llama3')
  expect(pickVariant('general', variants)).toBe('base')
  expect(pickVariant('qwen', variants)).toBe('base')
})
