import { expect, test } from 'vitest'
import { ModelList } from './model-list.ts'

const list = new ModelList(
  JSON.stringify({
    data: [
      { id: 'house', root: '/weights', parent: null },
      { id: 'house-coder', root: '/weights', parent: null },
      { id: 'adapter', root: '/adapters/one', parent: 'house' },
      { id: 'other', root: '/other-weights', parent: null },
      { root: 'no id' },
      7,
    ],
  }),
)

test.each([
  ['a base model by any of its aliases', 'house-coder', ['house', 'house-coder']],
  ['a server of two models, each by its own', 'other', ['other']],
  ['an adapter by its name alone', 'adapter', ['adapter']],
  ['a model that is not listed by nobody knows what', 'stranger', null],
])('%s: answers are named', (_, asked, names) => {
  expect(list.answersAs(asked)).toEqual(names)
})

test('a node serves what it lists', () => {
  expect(list.servesAll(['house', 'adapter'])).toBe(true)
  expect(list.servesAll(['house', 'stranger'])).toBe(false)
})

test.each(['', '{', '[]', '{"data":{}}', 'null'])('nothing is taken of a text that is no list: %s', (text) => {
  const unknown = new ModelList(text)
  expect(unknown.servesAll(['house'])).toBe(true)
  expect(unknown.answersAs('house')).toBeNull()
})

test('a server that tells no roots has one base model under many names', () => {
  expect(new ModelList('{"data":[{"id":"a"},{"id":"b"}]}').answersAs('a')).toEqual(['a', 'b'])
})
