import { ByteHash } from './byte-hash.ts'
import { regexSample } from './regex-sample.ts'
import { vocabulary } from './vocabulary.ts'

type Schema = Readonly<Record<string, unknown>>

/** Deeper objects than this are cut off: a recursive schema must still give a finite answer. */
const depthMax = 8

/**
 * A value that satisfies a JSON schema, decided by the seed alone. Covers what tools and structured answers use: types, required
 * properties, enum, const, the first alternative of anyOf/oneOf, local $ref, simple patterns, and bounds on numbers, lengths and items.
 */
export const schemaValue = (schema: Schema, seed: string): unknown => valueOf(schema, { seed, root: schema }, '$', 0)

/** Arguments for a tool's parameter schema, as JSON text. */
export const toolArguments = (parameters: Schema, seed: string): string => {
  const value = schemaValue(parameters, seed)
  return JSON.stringify(typeof value === 'object' && value !== null ? value : {})
}

interface Scope {
  readonly seed: string
  readonly root: Schema
}

const valueOf = (given: Schema, scope: Scope, path: string, depth: number): unknown => {
  const schema = resolved(given, scope)
  const number = new ByteHash().update(Buffer.from(`${scope.seed}\0${path}`)).digest(3)
  if ('const' in schema) return schema['const']
  if (Array.isArray(schema['enum']) && schema['enum'].length > 0) return schema['enum'][number % schema['enum'].length]
  switch (typeOf(schema)) {
    case 'object':
      return objectOf(schema, scope, path, depth)
    case 'array':
      return arrayOf(schema, scope, path, depth)
    case 'integer':
    case 'number':
      return within(schema, number % 100)
    case 'boolean':
      return number % 2 === 0
    case 'null':
      return null
    default:
      return typeof schema['pattern'] === 'string' ? matchOf(schema['pattern'], number) : wordsOf(schema, number)
  }
}

const objectOf = (schema: Schema, scope: Scope, path: string, depth: number): Record<string, unknown> => {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {}
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : []
  if (depth >= depthMax) return {}
  return Object.fromEntries(
    required.map((name) => {
      const property = properties[name]
      return [name, valueOf(isSchema(property) ? property : {}, scope, `${path}.${name}`, depth + 1)]
    }),
  )
}

const arrayOf = (schema: Schema, scope: Scope, path: string, depth: number): unknown[] => {
  const items = isSchema(schema['items']) ? schema['items'] : {}
  const most = bound(schema, 'maxItems') ?? Infinity
  const length = depth >= depthMax ? 0 : Math.min(most, Math.max(1, bound(schema, 'minItems') ?? 0))
  return Array.from({ length }, (_, index) => valueOf(items, scope, `${path}[${index}]`, depth + 1))
}

const within = (schema: Schema, wanted: number): number => {
  const least = bound(schema, 'minimum') ?? above(bound(schema, 'exclusiveMinimum'))
  const most = bound(schema, 'maximum') ?? below(bound(schema, 'exclusiveMaximum'))
  const raised = Math.max(wanted, least ?? wanted)
  return Math.min(raised, most ?? raised)
}
const above = (limit: number | undefined): number | undefined => (limit === undefined ? undefined : limit + 1)
const below = (limit: number | undefined): number | undefined => (limit === undefined ? undefined : limit - 1)

const wordsOf = (schema: Schema, number: number): string => {
  const least = bound(schema, 'minLength') ?? 0
  const most = bound(schema, 'maxLength') ?? Infinity
  let text = ''
  for (let index = number; text.length === 0 || text.length < least; index++) {
    const word = vocabulary[index % vocabulary.length]?.text ?? ''
    if (/^ [a-z]+$/.test(word)) text += word
  }
  return text
    .trimStart()
    .padEnd(least, 'x')
    .slice(0, Math.max(least, Math.min(most, 24)))
}

/** Text of a pattern; plain words where the pattern is beyond `regexSample`. */
const matchOf = (pattern: string, number: number): string => {
  const sample = regexSample(pattern, number)
  return sample.kind === 'text' ? sample.text : wordsOf({}, number)
}

const typeOf = (schema: Schema): unknown => {
  const type = schema['type']
  if (Array.isArray(type)) return type.find((one) => one !== 'null') ?? 'null'
  if (type !== undefined) return type
  if ('properties' in schema) return 'object'
  return 'items' in schema ? 'array' : 'string'
}

/** Follows local references and takes the first alternative. */
const resolved = (schema: Schema, scope: Scope): Schema => {
  let current = schema
  for (let hops = 0; hops < 16; hops++) {
    const reference = current['$ref']
    const alternatives = current['anyOf'] ?? current['oneOf'] ?? current['allOf']
    const next =
      typeof reference === 'string'
        ? lookUp(scope.root, reference)
        : Array.isArray(alternatives)
          ? alternatives[0]
          : undefined
    if (!isSchema(next)) return current
    current = next
  }
  return current
}

const lookUp = (root: Schema, reference: string): unknown =>
  reference
    .replace(/^#\/?/, '')
    .split('/')
    .filter((name) => name.length > 0)
    .reduce<unknown>(
      (at, name) => (isSchema(at) ? at[name.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined),
      root,
    )

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const bound = (schema: Schema, name: string): number | undefined =>
  typeof schema[name] === 'number' ? schema[name] : undefined
