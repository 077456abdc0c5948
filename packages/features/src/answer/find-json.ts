/** Nesting deeper than this is no answer to anything asked here. */
const candidatesMax = 64

/**
 * The JSON objects or lists inside a text, outermost and in order, whatever stands around them. Slips that small models make are
 * mended: comments, commas before a bracket, Python's words, quotes of another kind.
 */
export function findJson(text: string, kind: 'object' | 'list'): unknown[] {
  const opening = kind === 'object' ? '{' : '['
  const found: unknown[] = []
  let from = text.indexOf(opening)
  for (let tried = 0; from >= 0 && tried < candidatesMax; tried++) {
    const end = closingOf(text, from)
    const value = end < 0 ? undefined : parsed(text.slice(from, end + 1))
    if (value !== undefined) found.push(value)
    from = text.indexOf(opening, value === undefined ? from + 1 : end + 1)
  }
  return found
}

/** The value of strict JSON; undefined when it is none. */
export function strictJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function parsed(text: string): unknown {
  return strictJson(text) ?? strictJson(mended(text))
}

function mended(text: string): string {
  const quoted = text.replace(/[\u201c\u201d]/g, '"').replace(/[\u2018\u2019]/g, "'")
  const doubled = quoted.includes('"') ? quoted : quoted.replaceAll("'", '"')
  return doubled
    .replace(/^\s*\/\/[^\n]*$/gm, '')
    .replace(/,(\s*[}\]])/g, '$1')
    .replace(/\bNone\b/g, 'null')
    .replace(/([{,]\s*)([A-Za-z_]\w*)(\s*:)/g, '$1"$2"$3')
}

/** Where the bracket at `from` is closed; -1: nowhere. Brackets inside strings do not count. */
function closingOf(text: string, from: number): number {
  let depth = 0
  let inString = false
  for (let at = from; at < text.length; at++) {
    const char = text[at]
    if (inString) {
      if (char === '\\') at++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '{' || char === '[') depth++
    else if ((char === '}' || char === ']') && --depth === 0) return at
  }
  return -1
}
