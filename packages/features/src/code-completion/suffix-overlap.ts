/**
 * Cuts the end of a suggestion where it repeats what already stands behind the cursor: first whole lines, then the rest of the
 * cursor's own line. Knows no grammar, so it cuts only what is sure.
 */
export function cutSuffixOverlap(text: string, prefix: string, suffix: string): string {
  if (text === '' || suffix.trim() === '') return text
  return cutRestOfLine(cutLines(text, prefix, suffix), prefix, suffix)
}

function cutLines(text: string, prefix: string, suffix: string): string {
  const [, ...below] = suffix.split('\n')
  const firstBelow = below.findIndex((line) => line.trim() !== '')
  if (firstBelow < 0) return text
  const following = below.slice(firstBelow).map((line) => line.trimEnd())
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd())
  const atLineStart = prefix === '' || prefix.endsWith('\n')
  for (let from = atLineStart ? 0 : 1; from < lines.length; from++) {
    const repeated = lines.slice(from)
    if (!runsOn(repeated, following)) continue
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
