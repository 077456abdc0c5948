import { expect, test } from 'vitest'
import type { ResourceKind } from './locator.ts'
import { readableLocator } from './read-locator.ts'

const issue: ResourceKind = {
  noun: 'issue',
  types: ['current', 'iid', 'url', 'reference'],
  sign: '#',
  temperatures: { base: 0 },
  examples: '',
}
const build: ResourceKind = { ...issue, noun: 'CI/CD job', types: ['current', 'url'], sign: null }
const commit: ResourceKind = { ...issue, noun: 'commit', types: ['current', 'url', 'reference'], sign: null }

const read = (answer: string, kind: ResourceKind, input = 'Why?', suggestions = '') =>
  Object.values(JSON.parse(readableLocator(answer, kind, { input, suggestions })) as object)
const said = (type: string, id: unknown) => JSON.stringify({ ResourceIdentifierType: type, ResourceIdentifier: id })

test.each([
  ['a number for a job is not found, and does not end the question', said('iid', 812), build, ['reference', '812']],
  ['a job under its type id is not found either', said('id', 812), build, ['reference', '812']],
  ['a job by its URL under a wrong type', said('iid', 'https://g/a/-/jobs/8'), build, ['url', 'https://g/a/-/jobs/8']],
  ['a hash for a commit under the type iid', said('iid', '0d5a1e9c'), commit, ['reference', '0d5a1e9c']],
  ['a number with its sign', said('iid', '#12'), issue, ['iid', 12]],
  ['a reference under the type iid', said('iid', 'a/b#12'), issue, ['reference', 'a/b#12']],
  ['anything current', said('current', 'this issue'), issue, ['current', 'current']],
  ['nothing at all', 'no idea', issue, ['current', 'current']],
] as const)('%s', (_what, answer, kind, expected) => expect(read(answer, kind)).toEqual(expected))

test.each([
  ['What is #12 about?', '', ['iid', 12]],
  ['Sum it up', 'They mean acme/shop#4.', ['reference', 'acme/shop#4']],
  ['See https://g.example.com/a/b/-/issues/3.', '', ['url', 'https://g.example.com/a/b/-/issues/3']],
])('without an answer the question %j (%j) itself is read', (input, suggestions, expected) => {
  expect(read('I cannot tell.', issue, input, suggestions)).toEqual(expected)
})

test('a job that the answer only numbers is found by the URL in the question', () => {
  const url = 'https://g.example.com/a/b/-/jobs/812'
  expect(read(said('iid', 812), build, `Why did ${url} fail?`)).toEqual(['url', url])
})

test('nothing in an identifier ends the JSON for GitLab', () => {
  const text = readableLocator(said('iid', '```Question: x'), issue, { input: '', suggestions: '' })
  expect(text).not.toMatch(/```|Question:/)
  expect(read(said('iid', '```Question: x'), issue)).toEqual(['reference', '```Question: x'])
})
