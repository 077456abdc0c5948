/** What the `<…>` of an expected answer are judged by. */
export interface PlaceholderFacts {
  /** Headers of the request, names in lower case. */
  readonly requestHeaders: Readonly<Record<string, string>>
  /** Names of the model that requests without one get. */
  readonly defaultModelNames: readonly string[]
  readonly nowS: number
}

/** Between the clocks of test and gateway, and for the time a fixture takes, s. */
const leewayS = 120

/** Whether an expected value is a stand-in: `<seconds>`, `<prompt name>`, … */
export const isPlaceholder = (expected: unknown): expected is string =>
  typeof expected === 'string' && /^<[^<>]+>$/.test(expected)

/** Whether a stand-in tells what the value looks like, and so can be checked even where the value itself does not count. */
export const describesShape = (expected: unknown): expected is string =>
  isPlaceholder(expected) && /^<(seconds|generated 32 hex|jwt:.*)>$/.test(expected)

/** Says what is wrong with a value that stands where a placeholder is expected; null when it fits. One without a known shape takes anything. */
export const placeholderProblem = (expected: string, got: unknown, facts: PlaceholderFacts): string | null => {
  const text = expected.slice(1, -1)
  const must = (fits: boolean, what: string): string | null => (fits ? null : what)
  if (text === 'seconds') return must(typeof got === 'string' && /^\d+(\.\d+)?(e-\d+)?$/.test(got), 'a decimal number')
  if (text === 'generated 32 hex') return must(typeof got === 'string' && /^[0-9a-f]{32}$/.test(got), '32 hex digits')
  if (text === 'contains requested names') return missingNames(String(got), facts)
  if (text === 'default model')
    return must(facts.defaultModelNames.includes(String(got)), `one of ${facts.defaultModelNames.join(', ')}`)
  if (text.startsWith('jwt:')) return tokenProblem(text.slice('jwt:'.length), got, facts)
  return must(got !== undefined, 'any value')
}

const names = (list: string): string[] =>
  list
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter(Boolean)

const missingNames = (got: string, { requestHeaders }: PlaceholderFacts): string | null => {
  const allowed = names(got)
  const missing = names(requestHeaders['access-control-request-headers'] ?? '').filter(
    (name) => !allowed.includes(name),
  )
  return missing.length === 0 ? null : `a list with ${missing.join(', ')}`
}

/** Checks a token against a description such as `iss=aud=x, sub=global user id, scopes=[a b], exp=+1h`. Its signature is not checked. */
const tokenProblem = (description: string, got: unknown, facts: PlaceholderFacts): string | null => {
  const claims = claimsOf(got)
  if (claims === null) return 'a JWT'
  for (const part of description.split(/,(?![^[]*\])/)) {
    const words = part.split('=').map((word) => word.trim())
    const wanted = words.pop() ?? ''
    for (const name of words) if (!claimFits(claims[name], wanted, facts)) return `a JWT whose ${name} is ${wanted}`
  }
  return null
}

const claimFits = (claim: unknown, wanted: string, { requestHeaders, nowS }: PlaceholderFacts): boolean => {
  const span = /^\+(\d+)(s|m|h)$/.exec(wanted)
  if (span !== null) {
    const seconds = Number(span[1]) * (span[2] === 'h' ? 3600 : span[2] === 'm' ? 60 : 1)
    return typeof claim === 'number' && Math.abs(claim - nowS - seconds) <= leewayS
  }
  const list = /^\[(.*)\]$/.exec(wanted)?.[1]
  if (list !== undefined)
    return Array.isArray(claim) && new Set(claim).symmetricDifference(new Set(names(list))).size === 0
  if (wanted === 'global user id') return claim === requestHeaders['x-gitlab-global-user-id']
  return claim === wanted || (Array.isArray(claim) && claim.length === 1 && claim[0] === wanted)
}

const claimsOf = (token: unknown): Record<string, unknown> | null => {
  const parts = typeof token === 'string' ? token.split('.') : []
  if (parts.length !== 3) return null
  try {
    return JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>
  } catch {
    return null
  }
}
