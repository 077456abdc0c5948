/** One place where two documents differ; absent values are undefined. */
export interface DocumentChange {
  readonly path: string
  readonly before?: unknown
  readonly after?: unknown
}

/** What changed from one document to another. Members of a list that have names are matched by them, so that an insertion shows as one. */
export const diffDocuments = (before: unknown, after: unknown): DocumentChange[] => diff(before, after, '')

/** `+ path: value`, `- path: value` or `~ path: value -> value`. */
export const formatChange = ({ path, before, after }: DocumentChange): string => {
  if (before === undefined) return `+ ${path}: ${JSON.stringify(after)}`
  if (after === undefined) return `- ${path}: ${JSON.stringify(before)}`
  return `~ ${path}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`
}

type Members = ReadonlyMap<string, unknown>

const diff = (before: unknown, after: unknown, path: string): DocumentChange[] => {
  const [old, next] = [membersOf(before, path), membersOf(after, path)]
  if (old === null || next === null)
    return JSON.stringify(before) === JSON.stringify(after)
      ? []
      : [{ path, ...given('before', before), ...given('after', after) }]
  return [...new Set([...old.keys(), ...next.keys()])].flatMap((member) =>
    diff(old.get(member), next.get(member), member),
  )
}

const given = (name: string, value: unknown): object => (value === undefined ? {} : { [name]: value })

/** The parts of an object, or of a list of named things, under their full paths; null for everything else. */
const membersOf = (value: unknown, path: string): Members | null => {
  if (typeof value !== 'object' || value === null) return null
  if (!Array.isArray(value))
    return new Map(Object.entries(value).map(([name, part]) => [path === '' ? name : `${path}.${name}`, part]))
  const names = value.map((item) => (item as { name?: unknown } | null)?.name)
  if (value.length === 0 || !names.every((name) => typeof name === 'string')) return null
  return new Map(value.map((item, index) => [`${path}[${names[index]}]`, item as unknown]))
}
