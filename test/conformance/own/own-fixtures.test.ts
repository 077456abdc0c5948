import { expect, test } from 'vitest'
import { ownFixtures } from './index.ts'

test('every fixture of our own can be asked for by its name', () => {
  const names = ownFixtures.map(({ name }) => name)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})
