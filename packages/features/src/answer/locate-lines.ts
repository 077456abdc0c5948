/** Where lines stand in a text, and how the text spells them. */
export interface LocatedLines {
  /** Index of the first of them. */
  readonly at: number
  readonly lines: readonly string[]
}

/**
 * Finds lines that a model copied, in the text it copied them from: as they are, else without regard to indentation and blanks at line
 * ends. Null: nowhere, or with such slack in more than one place.
 */
export function locateLines(copied: readonly string[], text: readonly string[]): LocatedLines | null {
  const exact = placesOf(copied, text, (line) => line)
  const places = exact.length > 0 ? exact.slice(0, 1) : placesOf(copied, text, bare)
  const [at, ...more] = places
  return at === undefined || more.length > 0 ? null : { at, lines: text.slice(at, at + copied.length) }
}

/** The lines that replace copied ones, moved by as much as the copy was off. */
export function reindented(
  replacement: readonly string[],
  copied: readonly string[],
  actual: readonly string[],
): string[] {
  const at = copied.findIndex((line) => line.trim() !== '')
  const from = indentOf(copied[at] ?? '')
  const to = indentOf(actual[at] ?? '')
  if (from === to) return [...replacement]
  return replacement.map((line) => (line.trim() === '' ? line : shifted(line, from, to)))
}

function shifted(line: string, from: string, to: string): string {
  return line.startsWith(from) ? to + line.slice(from.length) : line
}

function placesOf(copied: readonly string[], text: readonly string[], form: (line: string) => string): number[] {
  if (copied.every((line) => line.trim() === '')) return []
  const wanted = copied.map(form)
  const given = text.map(form)
  const places: number[] = []
  for (let at = 0; at + wanted.length <= given.length; at++)
    if (wanted.every((line, offset) => line === given[at + offset])) places.push(at)
  return places
}

function bare(line: string): string {
  return line.trim().replace(/\s+/g, ' ')
}

function indentOf(line: string): string {
  return /^[ \t]*/.exec(line)?.[0] ?? ''
}
