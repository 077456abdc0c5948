import { expect, test } from 'vitest'
import { diffDocuments, formatChange } from './diff-documents.ts'

const lines = (before: unknown, after: unknown): string[] => diffDocuments(before, after).map(formatChange)

test('named members of a list are matched by name, wherever they stand', () => {
  const before = {
    nodes: [
      { name: 'a', url: '1' },
      { name: 'b', url: '2' },
    ],
  }
  const after = {
    nodes: [
      { name: 'c', url: '3' },
      { name: 'b', url: '9' },
      { name: 'a', url: '1' },
    ],
  }
  expect(lines(before, after)).toEqual(['~ nodes[b].url: "2" -> "9"', '+ nodes[c]: {"name":"c","url":"3"}'])
})

test('members come and go, other lists change as a whole, and equal documents have no difference', () => {
  expect(lines({ x: { a: 1 }, list: ['p'] }, { x: { b: null }, list: ['p', 'q'] })).toEqual([
    '- x.a: 1',
    '+ x.b: null',
    '~ list: ["p"] -> ["p","q"]',
  ])
  expect(lines({ a: [{ name: 'x' }] }, { a: [{ name: 'x' }] })).toEqual([])
})
