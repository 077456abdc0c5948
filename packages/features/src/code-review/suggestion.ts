import { locateLines, reindented } from '../answer/locate-lines.ts'
import type { DiffLine } from './diff.ts'

/** Old and new lines of a suggestion, as a model wrote them. */
export interface RawSuggestion {
  readonly from: readonly string[]
  readonly to: readonly string[]
  /** GitLab reads it as it stands. */
  readonly wellFormed: boolean
  readonly text: string
}

export type BodyPiece =
  | { readonly kind: 'prose'; readonly text: string }
  | { readonly kind: 'suggestion'; readonly suggestion: RawSuggestion }

const pair = /<from>([^]*?)<\/from>\s*<to>([^]*?)<\/to>/gi
const strictPair = /^(?:<from>\n(?:[^]*?\n)?<\/from>\n<to>\n(?:[^]*?\n)?<\/to>|<from>[^\n]+<\/from>\n<to>[^\n]*<\/to>)$/

/** A comment's body, cut into prose and suggestions. */
export function bodyPieces(body: string): BodyPiece[] {
  const pieces: BodyPiece[] = []
  let end = 0
  for (const match of body.matchAll(pair)) {
    const [whole, from = '', to = ''] = match
    const ahead = body.slice(end, match.index)
    pieces.push({ kind: 'prose', text: ahead.slice(0, indentationAt(ahead)) })
    const atLineStart = match.index === 0 || body[match.index - 1] === '\n'
    const atLineEnd = /^(?:\n|$)/.test(body.slice(match.index + whole.length))
    const isFenced = [from, to].some((lines) => lines.trimStart().startsWith('```'))
    const wellFormed = atLineStart && atLineEnd && !isFenced && strictPair.test(whole)
    pieces.push({ kind: 'suggestion', suggestion: { from: linesIn(from), to: linesIn(to), wellFormed, text: whole } })
    end = match.index + whole.length
  }
  pieces.push({ kind: 'prose', text: body.slice(end) })
  return pieces.filter((piece) => piece.kind === 'suggestion' || piece.text !== '')
}

/** Where the blanks at the end of a text begin that only move what follows in its line. */
function indentationAt(text: string): number {
  let at = text.length
  while (at > 0 && (text[at - 1] === ' ' || text[at - 1] === '\t')) at--
  return at === 0 || text[at - 1] === '\n' ? at : text.length
}

/** Lines between two tags: the line feeds next to the tags are theirs, a fence around the code is nobody's. */
function linesIn(inner: string): string[] {
  const bare = inner.replace(/^[ \t]*\n/, '').replace(/\n[ \t]*$/, '')
  const inside = /^[ \t]*```[^\n]*\n([^]*?)\n?[ \t]*```[ \t]*$/.exec(bare)?.[1] ?? bare
  return inside === '' && /^\s*$/.test(inner) ? [] : inside.split('\n')
}

export interface PlacedSuggestion {
  /** The line of the diff that it begins at. */
  readonly at: DiffLine
  readonly from: readonly string[]
  readonly to: readonly string[]
}

/**
 * The suggestion on lines that the diff has, in the diff's spelling. `anchor` is where the comment stands: lines that occur there are
 * meant, whatever else repeats them. Null: the diff has no such lines.
 */
export function placed(
  suggestion: Pick<RawSuggestion, 'from' | 'to'>,
  lines: readonly DiffLine[],
  anchor: DiffLine | null,
): PlacedSuggestion | null {
  const current = lines.filter((line) => line.type !== 'deleted')
  for (const { from, to } of [suggestion, withoutSigns(suggestion)]) {
    if (from.length === 0) continue
    const start = anchor === null ? -1 : current.indexOf(anchor)
    const here = start < 0 ? null : located(from, current.slice(start, start + from.length))
    const found = here === null ? located(from, current) : { ...here, at: start }
    const at = found === null ? undefined : current[found.at]
    if (found !== null && at !== undefined) return { at, from: found.lines, to: reindented(to, from, found.lines) }
  }
  return null
}

function located(from: readonly string[], lines: readonly DiffLine[]) {
  return locateLines(
    from,
    lines.map(({ text }) => text),
  )
}

/** Some models copy lines with the signs of a diff. */
function withoutSigns({ from, to }: Pick<RawSuggestion, 'from' | 'to'>): Pick<RawSuggestion, 'from' | 'to'> {
  const bare = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/^[+ ]/, ''))
  return { from: bare(from), to: bare(to) }
}

export function suggestionText({ from, to }: Pick<RawSuggestion, 'from' | 'to'>): string {
  return ['<from>', ...from, '</from>', '<to>', ...to, '</to>'].join('\n')
}

/** For code that cannot be applied: shown, not offered. */
export function codeBlock(lines: readonly string[]): string {
  const longest = Math.max(2, ...lines.flatMap((line) => line.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  return [fence, ...lines, fence].join('\n')
}
