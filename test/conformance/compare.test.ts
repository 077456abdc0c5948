import { expect, test } from 'vitest'
import { compare, matchesPath, volatileWords } from './compare.ts'
import type { ComparisonRules } from './compare.ts'

const rules: ComparisonRules = {
  facts: { requestHeaders: { 'x-gitlab-global-user-id': 'u=' }, defaultModelNames: ['house'], nowS: 1000 },
  volatile: [],
  ignored: [],
  subset: false,
}
const paths = (expected: unknown, got: unknown, more: Partial<ComparisonRules> = {}): string[] =>
  compare(expected, got, 'body', { ...rules, ...more }).map(({ path }) => path)

test('equal values have no difference, whatever the order of members', () => {
  expect(paths({ a: [1, { b: null }], c: 'x' }, { c: 'x', a: [1, { b: null }] })).toEqual([])
})

test.each([
  [{ a: 1 }, { a: '1' }, ['body.a']],
  [{ a: null }, {}, ['body.a']],
  [{ a: 1 }, { a: 1, b: 2 }, ['body.b']],
  [[1, 2], [1], ['body']],
  [{ list: [{ x: 1 }] }, { list: [{ x: 2 }] }, ['body.list[0].x']],
  [{}, [], ['body']],
  ['a', undefined, ['body']],
])('%j is not %j, and the difference says where', (expected, got, where) => {
  expect(paths(expected, got)).toEqual(where)
})

test('a subset may have more members, a list may not have more items', () => {
  expect(paths({ a: { b: 1 } }, { a: { b: 1, c: 2 }, d: 3 }, { subset: true })).toEqual([])
  expect(paths({ stop: ['x'] }, { stop: ['x', 'y'] }, { subset: true })).toEqual(['body.stop'])
})

test('a volatile value must be there, whatever it is', () => {
  const volatile = ['body.model.region', 'body.list[*].id']
  expect(paths({ model: { region: 'a' } }, { model: { region: null } }, { volatile })).toEqual([])
  expect(paths({ model: { region: 'a' } }, { model: {} }, { volatile })).toEqual(['body.model.region'])
  expect(paths({ list: [{ id: 1 }, { id: 2 }] }, { list: [{ id: 8 }, { id: 9 }] }, { volatile })).toEqual([])
  expect(paths({}, { model: 1 }, { volatile: ['body.model'] })).toEqual([])
})

test('a volatile value that is described must still look like it', () => {
  const header = (got: string): number =>
    compare('<seconds>', got, 'headers.X-Process-Time', { ...rules, volatile: ['headers.x-process-time'] }).length
  expect(header('0.0123')).toBe(0)
  expect(header('soon')).toBe(1)
})

test('ignored members count nowhere', () => {
  expect(paths([{ finish_reason: null }], [{ finish_reason: 'stop' }], { ignored: ['finish_reason'] })).toEqual([])
})

test('words of `volatile` are told from its paths', () => {
  expect(
    volatileWords(['headers.X-Process-Time', 'delta boundaries', 'finish_reason', 'body', 'ndjson[0].data']),
  ).toEqual({
    joinDeltas: true,
    ignored: ['finish_reason'],
    paths: ['headers.X-Process-Time', 'body', 'ndjson[0].data'],
  })
})

test('paths match by step, headers without case', () => {
  expect(matchesPath('ndjson[0].data.message', 'ndjson[0].data.message')).toBe(true)
  expect(matchesPath('ndjson[].data', 'ndjson[7].data')).toBe(true)
  expect(matchesPath('body.a', 'body.a.b')).toBe(false)
  expect(matchesPath('body.A', 'body.a')).toBe(false)
  expect(matchesPath('headers.X-A', 'headers.x-a')).toBe(true)
})
