import { isObject } from './json-object.ts'

/** Nodes compile schemas into grammars: without limits a small body costs them minutes. */
const schemaCharsMax = 16 * 1024
/** Levels of JSON: a property inside an object's schema takes two, so this is ten nested objects. */
const schemaDepthMax = 20

/** Keywords whose members are named by the author of the schema, not by JSON Schema. */
const namedMembers = ['properties', '$defs', 'definitions']
/** Keywords whose values are data. */
const dataKeywords = ['const', 'enum', 'default', 'examples']

/** Why a JSON schema is refused, or null. `patterns`: regular expressions in it are not compiled, so they may stay. */
export function schemaProblem(schema: unknown, options: { readonly patterns: boolean }): string | null {
  if (!isShallow(schema, schemaDepthMax)) return `nested deeper than ${schemaDepthMax} levels`
  if (JSON.stringify(schema).length > schemaCharsMax) return `larger than ${schemaCharsMax} characters`
  const references = new Map<string, Set<string>>()
  return (
    keywordProblem(schema, { ...options, references, owner: '#' }) ??
    (hasCycle(references) ? 'has a recursive $ref' : null)
  )
}

/** Stops at the limit, so that no depth of nesting can exhaust the stack. */
function isShallow(json: unknown, levels: number): boolean {
  if (typeof json !== 'object' || json === null) return true
  return levels > 0 && Object.values(json).every((member) => isShallow(member, levels - 1))
}

interface Walk {
  readonly patterns: boolean
  /** Definition → definitions it refers to; '#' is the schema itself. */
  readonly references: Map<string, Set<string>>
  readonly owner: string
}

function keywordProblem(schema: unknown, walk: Walk): string | null {
  if (Array.isArray(schema)) return firstProblem(schema.map((member) => [member, walk]))
  if (!isObject(schema)) return null
  if (!walk.patterns && ('pattern' in schema || 'patternProperties' in schema)) return "uses 'pattern'"
  if ('$ref' in schema) {
    if (typeof schema.$ref !== 'string' || !/^#\/(\$defs|definitions)\/[^/]+$/.test(schema.$ref))
      return 'has a $ref to something other than its own $defs'
    const targets = walk.references.get(walk.owner) ?? new Set()
    walk.references.set(walk.owner, targets.add(schema.$ref))
  }
  const members = Object.entries(schema).filter(([keyword]) => !dataKeywords.includes(keyword))
  return firstProblem(members.flatMap(([keyword, value]) => membersOf(keyword, value, walk)))
}

function membersOf(keyword: string, value: unknown, walk: Walk): [unknown, Walk][] {
  if (!namedMembers.includes(keyword) || !isObject(value)) return [[value, walk]]
  const defines = keyword !== 'properties'
  return Object.entries(value).map(([name, member]) => [
    member,
    defines ? { ...walk, owner: `#/${keyword}/${name}` } : walk,
  ])
}

function firstProblem(members: readonly (readonly [unknown, Walk])[]): string | null {
  for (const [member, walk] of members) {
    const found = keywordProblem(member, walk)
    if (found !== null) return found
  }
  return null
}

function hasCycle(references: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const settled = new Set<string>()
  const reachesItself = (name: string, path: ReadonlySet<string>): boolean => {
    if (path.has(name)) return true
    if (settled.has(name)) return false
    const found = [...(references.get(name) ?? [])].some((target) => reachesItself(target, new Set([...path, name])))
    settled.add(name)
    return found
  }
  return [...references.keys()].some((name) => reachesItself(name, new Set()))
}
