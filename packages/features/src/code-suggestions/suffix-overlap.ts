/**
 * Cuts the end of a suggestion where it repeats what already stands behind the cursor: first whole lines, then the rest of the
 * cursor's own line. Knows no grammar, so it cuts only what is sure.
 */
export function cutSuffixOverlap(text: string, prefix: string, suffix: string): string {
  if (text === '' || suffix.trim() === '') return text
  return cutRestOfLine(cutLines(text, prefix, suffix), prefix, suffix)
}

/**
 * The beginning of a suggestion still under way that no end of it can cut: what may turn out to repeat the text behind the cursor is
 * left out, blanks at the end included.
 */
export function settledStart(text: string, suffix: string): string {
  const lines = text.split('\n')
  const following = followingLines(suffix)
  const restOfLine = (suffix.split('\n', 1)[0] ?? '').trim()
  let keep = lines.length
  if (following.length > 0) {
    const trimmed = text
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd())
    for (let from = 0; from < trimmed.length; from++) {
      if (!runsOn(trimmed.slice(from), following) && !isBegun(trimmed.slice(from), following)) continue
      keep = from
      break
    }
  }
  const kept = lines.slice(0, keep).join('\n').trimEnd()
  return restOfLine === '' ? kept : kept.slice(0, Math.max(0, kept.lastIndexOf('\n')))
}

/** Whether a single line under way may become the first line that follows. */
function isBegun(lines: readonly string[], following: readonly string[]): boolean {
  return lines.length === 1 && lines[0] !== '' && (following[0] as string).startsWith(lines[0] as string)
}

/** A stream asks with every piece: the suffix asked for last is kept. */
let latest: { readonly suffix: string; readonly following: readonly string[] } = { suffix: '', following: [] }

/** The lines behind the cursor's own, from the first that is not blank. */
function followingLines(suffix: string): readonly string[] {
  if (latest.suffix !== suffix) latest = { suffix, following: readFollowing(suffix) }
  return latest.following
}

function readFollowing(suffix: string): readonly string[] {
  const [, ...below] = suffix.split('\n')
  const firstBelow = below.findIndex((line) => line.trim() !== '')
  return firstBelow < 0 ? [] : below.slice(firstBelow).map((line) => line.trimEnd())
}

/** Behind a line begun, the first line of a suggestion ends that line: only with the next one too is it sure to repeat what follows. */
function linesToRepeat(from: number, prefix: string): number {
  return from === 0 && prefix !== '' && !prefix.endsWith('\n') ? 2 : 1
}

function cutLines(text: string, prefix: string, suffix: string): string {
  const following = followingLines(suffix)
  if (following.length === 0) return text
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd())
  for (let from = 0; from < lines.length; from++) {
    const repeated = lines.slice(from)
    if (repeated.length < linesToRepeat(from, prefix) || !runsOn(repeated, following)) continue
    const kept = text.split('\n').slice(0, from).join('\n').trimEnd()
    if (hasWord(repeated.join('')) || (isBalanced(kept) && !isBalanced(text))) return kept
  }
  return text
}

/** Whether lines are the beginning of the lines that follow; behind a whole line the last one may break off. */
function runsOn(lines: readonly string[], following: readonly string[]): boolean {
  if (lines[0] === '' || lines.length > following.length) return false
  const last = lines.length - 1
  return lines.every((line, index) => {
    const expected = following[index] as string
    return line === expected || (index === last && index > 0 && expected.startsWith(line))
  })
}

function cutRestOfLine(text: string, prefix: string, suffix: string): string {
  const rest = (suffix.split('\n', 1)[0] ?? '').trimEnd()
  const trimmed = text.trimEnd()
  if (rest.trim() === '' || !trimmed.endsWith(rest)) return text
  const kept = trimmed.slice(0, -rest.length)
  if (hasWord(rest)) return splitsWord(kept, rest) ? text : kept
  if (/^\s*[;,:]$/.test(rest)) return kept
  const cursorLine = prefix.slice(prefix.lastIndexOf('\n') + 1)
  return !isBalanced(cursorLine + trimmed + rest) && isBalanced(cursorLine + kept + rest) ? kept : text
}

/** Brackets alone look alike everywhere: for them it counts whether they pair up. */
function hasWord(text: string): boolean {
  return /[\p{L}\p{N}_]/u.test(text)
}

/** `append` does not repeat `end`. */
function splitsWord(kept: string, rest: string): boolean {
  return /[\p{L}\p{N}_]$/u.test(kept) && /^[\p{L}\p{N}_]/u.test(rest)
}

/** Whether brackets and quotes pair up, as far as counting tells. */
function isBalanced(code: string): boolean {
  const count = (char: string): number => code.split(char).length - 1
  const brackets = ['()', '[]', '{}'].every(([open, close]) => count(open as string) === count(close as string))
  return brackets && ['"', "'", '`'].every((quote) => count(quote) % 2 === 0)
}
