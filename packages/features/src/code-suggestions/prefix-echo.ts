import { cursorLineOf } from './place.ts'

/** How far back a model is taken to repeat, lines. */
const linesMax = 40
/** Shorter beginnings look alike by chance, characters. */
const charsMin = 4

/** Cuts the beginning of a suggestion where it writes again what already stands before the cursor. */
export function cutPrefixEcho(text: string, prefix: string): string {
  if (text === '' || prefix.trim() === '') return text
  for (const tail of tailsOf(prefix)) {
    const length = echoLength(text, tail)
    if (length > 0 && isSure(tail, text, text.slice(length), prefix)) return text.slice(length)
  }
  return text
}

/** Whether a text repeats what stands before the cursor, or may turn out to when more of it comes. */
export function mayEcho(text: string, prefix: string): boolean {
  if (text === '' || prefix.trim() === '') return false
  return tailsOf(prefix).some((tail) => {
    const bare = tail.trimStart()
    return (
      isLongEnough(tail) &&
      (text.startsWith(bare) || tail.startsWith(text) || bare.startsWith(text) || text.startsWith(tail))
    )
  })
}

/** The prefix from each of its last lines on, longest first. */
function tailsOf(prefix: string): string[] {
  const tails: string[] = []
  for (let end = prefix.length; end >= 0 && tails.length < linesMax;) {
    const feed = end === 0 ? -1 : prefix.lastIndexOf('\n', end - 1)
    const tail = prefix.slice(feed + 1)
    if (tail !== '') tails.push(tail)
    end = feed
  }
  return tails.reverse()
}

/** Characters of the text that repeat these lines, the first with or without its indentation; 0: it does not. */
function echoLength(text: string, tail: string): number {
  if (text.startsWith(tail)) return tail.length
  const bare = tail.trimStart()
  return bare !== '' && text.startsWith(bare) ? bare.length : 0
}

function isLongEnough(tail: string): boolean {
  const bare = tail.trim()
  return bare.length >= charsMin && /[\p{L}\p{N}_]/u.test(bare)
}

function isSure(tail: string, text: string, rest: string, prefix: string): boolean {
  if (!isLongEnough(tail)) return false
  const bare = tail.trim()
  if (bare.split('\n').filter((line) => line.trim() !== '').length > 1) return true
  // A whole line above the cursor may well be followed by its like, unless it opens a block.
  if (tail.endsWith('\n')) return /[:{([]$/.test(bare) && rest.trim() !== ''
  // An element may well hold one of its kind.
  if (bare.endsWith('>')) return false
  if (/^[\p{L}\p{N}_]/u.test(rest) && /[\p{L}\p{N}_]$/u.test(tail)) return false
  const line = cursorLineOf(prefix)
  return !(isBalanced(line + text) && !isBalanced(line + rest))
}

function isBalanced(code: string): boolean {
  const count = (char: string): number => code.split(char).length - 1
  return ['()', '[]', '{}'].every(([open, close]) => count(open as string) === count(close as string))
}
