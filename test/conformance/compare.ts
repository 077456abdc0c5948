import { describesShape, isPlaceholder, placeholderProblem } from './match-placeholder.ts'
import type { PlaceholderFacts } from './match-placeholder.ts'

/** One place where an answer is not what the fixture says. */
export interface Difference {
  readonly path: string
  readonly expected: string
  readonly got: string
}

export interface ComparisonRules {
  readonly facts: PlaceholderFacts
  /** Paths of a fixture's `volatile`: there must be something, whatever it is. */
  readonly volatile: readonly string[]
  /** Object members that count for nothing, at any depth. */
  readonly ignored: readonly string[]
  /** Whether objects may have more members than expected. */
  readonly subset: boolean
}

/** A value as a difference shows it, on one line and not too long. */
export const show = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 600 ? `${text.slice(0, 600)}… (${text.length} characters)` : text
}

/** Compares values member by member; `path` is where they stand, such as `body.choices[0]`. */
export const compare = (expected: unknown, got: unknown, path: string, rules: ComparisonRules): Difference[] => {
  const differs = (what: string = show(expected)): Difference[] => [{ path, expected: what, got: show(got) }]
  const counts = !rules.volatile.some((pattern) => matchesPath(pattern, path))
  if (counts ? isPlaceholder(expected) : describesShape(expected)) {
    const problem = placeholderProblem(expected as string, got, rules.facts)
    return problem === null ? [] : differs(problem)
  }
  if (!counts) return got === undefined ? differs('any value') : []
  if (Array.isArray(expected)) {
    if (!Array.isArray(got)) return differs()
    if (got.length !== expected.length)
      return [
        { path, expected: `${expected.length} items: ${show(expected)}`, got: `${got.length} items: ${show(got)}` },
      ]
    return expected.flatMap((item, index) => compare(item, got[index], `${path}[${index}]`, rules))
  }
  if (isObject(expected)) return isObject(got) ? compareMembers(expected, got, path, rules) : differs()
  return Object.is(expected, got) ? [] : differs()
}

type Json = Record<string, unknown>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

const compareMembers = (expected: Json, got: Json, path: string, rules: ComparisonRules): Difference[] => {
  const counts = (name: string): boolean => !rules.ignored.includes(name)
  const missingOrDifferent = Object.keys(expected)
    .filter(counts)
    .flatMap((name) => compare(expected[name], got[name], `${path}.${name}`, rules))
  if (rules.subset) return missingOrDifferent
  const unexpected = Object.keys(got).filter(
    (name) =>
      counts(name) &&
      !Object.hasOwn(expected, name) &&
      !rules.volatile.some((pattern) => matchesPath(pattern, `${path}.${name}`)),
  )
  return [
    ...missingOrDifferent,
    ...unexpected.map((name) => ({ path: `${path}.${name}`, expected: 'nothing', got: show(got[name]) })),
  ]
}

/** Whether a path of `volatile` means a place. `[*]`, `[]` and `*` stand for any index or member; names of headers have no case. */
export const matchesPath = (pattern: string, path: string): boolean => {
  const wanted = steps(pattern)
  const actual = steps(path)
  const same = (one: string, other: string | undefined): boolean =>
    one === '*' || one === other || (wanted[0] === 'headers' && one.toLowerCase() === other?.toLowerCase())
  return wanted.length === actual.length && wanted.every((step, index) => same(step, actual[index]))
}

const steps = (path: string): string[] =>
  path
    .replace(/^\$\.?/, '')
    .replaceAll('[]', '[*]')
    .replaceAll(/\[([^\]]+)\]/g, '.$1')
    .split('.')

/** Parts of `volatile` that are no paths but words about the whole answer. */
export const volatileWords = (
  volatile: readonly string[],
): { joinDeltas: boolean; ignored: string[]; paths: string[] } => {
  const boundaries = new Set(['delta boundaries', 'chunk boundaries'])
  const rooted = /^(\$|status|headers|body|text|ndjson|events|concatenated_content)\b/
  const paths = volatile.filter((entry) => rooted.test(entry))
  const words = volatile.filter((entry) => !rooted.test(entry))
  return {
    joinDeltas: words.some((word) => boundaries.has(word)),
    ignored: words.filter((word) => !boundaries.has(word)),
    paths,
  }
}
