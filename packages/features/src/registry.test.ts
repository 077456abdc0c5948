import { expect, test } from 'vitest'
import { featureByName, features } from './registry.ts'

test('every feature is registered under its own name', () => {
  for (const [name, feature] of Object.entries(features)) {
    expect(feature.name).toBe(name)
    expect(featureByName(name)).toBe(feature)
  }
})

test.each(['', 'nonsense', 'toString', '__proto__'])('there is no feature %j', (name) => {
  expect(featureByName(name)).toBeUndefined()
})
