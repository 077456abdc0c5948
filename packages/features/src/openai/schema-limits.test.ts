import { expect, test } from 'vitest'
import { schemaProblem } from './schema-limits.ts'

const nested = (depth: number): object => (depth === 0 ? {} : { items: nested(depth - 1) })
const strict = { patterns: false }

test.each([
  [{ type: 'object', properties: { pattern: { type: 'string' }, $ref: { type: 'string' } } }],
  [{ $defs: { a: { type: 'string' } }, properties: { x: { $ref: '#/$defs/a' }, y: { $ref: '#/$defs/a' } } }],
  [{ $defs: { a: { $ref: '#/$defs/b' }, b: {} }, $ref: '#/$defs/a' }],
  [{ enum: [{ pattern: 'data' }], const: { $ref: 'data' } }],
  [nested(19)],
])('an ordinary schema passes: %j', (schema) => {
  expect(schemaProblem(schema, strict)).toBeNull()
})

test.each([
  ['nested', nested(30)],
  ['nested', nested(5000)],
  ['pattern', { pattern: 'a' }],
  ['pattern', { anyOf: [{ items: { patternProperties: {} } }] }],
  ['$ref', { $ref: 'https://evil.test/schema' }],
  ['$ref', { items: { $ref: '#' } }],
  ['$ref', { $ref: 7 }],
  ['recursive', { $defs: { a: { items: { $ref: '#/$defs/a' } } } }],
  [
    'recursive',
    { definitions: { a: { $ref: '#/definitions/b' }, b: { properties: { x: { $ref: '#/definitions/a' } } } } },
  ],
  ['larger', { description: 'x'.repeat(17_000) }],
])('a schema that is %s is refused', (word, schema) => {
  expect(schemaProblem(schema, strict)).toContain(word)
})

test('patterns stay where no grammar is made of them', () => {
  expect(schemaProblem({ pattern: 'a' }, { patterns: true })).toBeNull()
})
