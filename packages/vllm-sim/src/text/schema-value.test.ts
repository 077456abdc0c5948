import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { toolArguments } from './schema-value.ts'

const leaf = fc.constantFrom<Record<string, unknown>>(
  { type: 'string' },
  { type: 'string', minLength: 40 },
  { type: 'string', maxLength: 3 },
  { type: 'string', enum: ['low', 'höch', '漢'] },
  { type: 'integer', minimum: 200, maximum: 210 },
  { type: 'number', exclusiveMaximum: 5 },
  { type: 'boolean' },
  { type: ['null', 'integer'] },
  { const: 'fixed' },
  { anyOf: [{ type: 'boolean' }, { type: 'null' }] },
)

const { schema } = fc.letrec<{ schema: Record<string, unknown>; object: Record<string, unknown> }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.record({ type: fc.constant('array'), items: tie('schema'), minItems: fc.nat({ max: 3 }) }),
    tie('object'),
  ),
  object: fc
    .dictionary(fc.string({ unit: fc.constantFrom('a', 'b', 'ß', ' '), minLength: 1 }), tie('schema'), { maxKeys: 4 })
    .map((properties) => ({
      type: 'object',
      properties,
      required: Object.keys(properties),
      additionalProperties: false,
    })),
}))

const objectSchema = fc.array(schema, { maxLength: 4 }).map((list) => {
  const properties = Object.fromEntries(list.map((one, index) => [`p${index}`, one]))
  return { type: 'object', properties, required: Object.keys(properties) }
})

test('arguments satisfy the schema of the tool', () => {
  fc.assert(
    fc.property(objectSchema, fc.string(), (parameters, seed) => {
      const value: unknown = JSON.parse(toolArguments(parameters, seed))
      expect(
        z.fromJSONSchema(parameters as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value).error,
      ).toBeUndefined()
    }),
  )
})

test('a schema that contains itself gives finite arguments', () => {
  const node = { type: 'object', properties: { next: { $ref: '#/$defs/node' } }, required: ['next'] }
  const value = toolArguments({ $ref: '#/$defs/node', $defs: { node } }, 'seed')
  expect(JSON.parse(value)).toHaveProperty('next.next')
})

test('a tool without parameters gets an empty object', () => {
  expect(toolArguments({}, 'seed')).toBe('{}')
})
