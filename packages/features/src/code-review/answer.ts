import { anchorOf, gitlabAnchor, pathInDiff } from './anchor.ts'
import { parseDiff } from './diff.ts'
import type { Diff, DiffLine } from './diff.ts'
import { rawComments } from './raw-comment.ts'
import type { RawComment } from './raw-comment.ts'
import { bodyPieces, codeBlock, placed, suggestionText } from './suggestion.ts'

/** Nothing to say, which GitLab tells the author. */
const nothingFound = '<review></review>'

/**
 * The review that GitLab reads, from whatever a model made of it: tags at the beginning of their lines, paths and numbers of the diff,
 * suggestions on lines that are there. A comment on no line of the diff is left out, and a suggestion that would change other lines
 * than it means becomes plain code. An answer in order stays as it is, byte by byte, and so does a blank one: GitLab then asks again.
 */
export function readableReview(answer: string, diffLines: string): string {
  if (answer.trim() === '') return ''
  const text = answer.replace(/\r\n?/g, '\n')
  const review = reviewIn(text)
  if (review === null) return nothingFound
  const diff = parseDiff(diffLines)
  const raw = rawComments(review.text)
  const comments = raw.flatMap((comment) => mended(comment, diff) ?? [])
  const inOrder =
    review.wellFormed &&
    text === answer &&
    comments.length === raw.length &&
    comments.every(({ unchanged }) => unchanged) &&
    (review.text.match(/<comment\b/g) ?? []).length === raw.length
  if (inOrder) return answer
  if (comments.length === 0) return nothingFound
  return ['<review>', ...comments.map((comment) => comment.text), '</review>'].join('\n')
}

interface ReviewBlock {
  /** With its tags. */
  readonly text: string
  readonly wellFormed: boolean
}

/** The last complete block, as GitLab takes it; else one that is not closed, or comments without a block. */
function reviewIn(text: string): ReviewBlock | null {
  const complete = [...text.matchAll(/<review>[^]*?<\/review>/g)].at(-1)?.[0]
  if (complete !== undefined) return { text: complete, wellFormed: true }
  const opened = /<review\b[^>]*>[^]*$/i.exec(text)?.[0]
  if (opened !== undefined) return { text: opened, wellFormed: false }
  return /<comment\b/.test(text) ? { text, wellFormed: false } : null
}

interface MendedComment {
  readonly text: string
  readonly unchanged: boolean
}

function mended(raw: RawComment, diff: Diff): MendedComment | null {
  const path = diff.size === 0 ? raw.file.trim() : pathInDiff(raw.file, diff)
  if (path === null || path === '' || /[">]/.test(path)) return null
  const lines = diff.get(path)
  const anchored = lines === undefined ? unchecked(raw) : bodyOn(lines, raw)
  if (anchored === null || anchored.body.trim() === '') return null
  const { oldLine, newLine, body } = anchored
  return {
    text: `<comment file="${path}" old_line="${oldLine ?? ''}" new_line="${newLine ?? ''}">\n${body}\n</comment>`,
    unchanged:
      raw.wellFormed && path === raw.file && oldLine === raw.oldLine && newLine === raw.newLine && anchored.unchanged,
  }
}

interface AnchoredBody {
  readonly oldLine: number | null
  readonly newLine: number | null
  readonly body: string
  readonly unchanged: boolean
}

/** Without a diff to look at, numbers are taken as they are and nothing is offered for applying. */
function unchecked(raw: RawComment): AnchoredBody | null {
  if (raw.oldLine === null && raw.newLine === null) return null
  const pieces = bodyPieces(raw.body)
  const body = pieces.map((piece) => (piece.kind === 'prose' ? plain(piece.text) : suggestionText(piece.suggestion)))
  return { oldLine: raw.oldLine, newLine: raw.newLine, body: tidy(body.join('')), unchanged: pieces.every(isInOrder) }
}

function isInOrder(piece: ReturnType<typeof bodyPieces>[number]): boolean {
  return piece.kind === 'suggestion' ? piece.suggestion.wellFormed : plain(piece.text) === piece.text
}

function bodyOn(lines: readonly DiffLine[], raw: RawComment): AnchoredBody | null {
  const pieces = bodyPieces(raw.body)
  const meant = anchorOf(raw, lines)
  const first = pieces.find((piece) => piece.kind === 'suggestion')
  const firstPlace = first === undefined || meant?.type === 'deleted' ? null : placed(first.suggestion, lines, meant)
  const anchor = firstPlace?.at ?? meant
  if (anchor === null) return null

  let unchanged = true
  const texts = pieces.map((piece) => {
    if (piece.kind === 'prose') {
      unchanged &&= isInOrder(piece)
      return plain(piece.text)
    }
    const { suggestion } = piece
    const place = anchor.type === 'deleted' ? null : placed(suggestion, lines, anchor)
    if (place === null || place.at !== anchor) {
      unchanged = false
      return suggestion.to.length === 0 ? '' : codeBlock(suggestion.to)
    }
    if (suggestion.wellFormed && same(place.from, suggestion.from) && same(place.to, suggestion.to))
      return suggestion.text
    unchanged = false
    return same(place.from, place.to) ? '' : suggestionText(place)
  })
  // Numbers that lead GitLab to the same line stay as they are.
  const { oldLine, newLine } = gitlabAnchor(raw, lines) === anchor ? raw : anchor
  return { oldLine, newLine, body: tidy(texts.join('')), unchanged }
}

/** Prose without the tags of the form: GitLab would show them, or cut the comment off at one. */
function plain(prose: string): string {
  const bare = prose.replace(/<\/?(?:from|to|review)>|<\/?comment\b[^>\n]*>/gi, '')
  // What is left may close up to another tag.
  return bare === prose ? prose : plain(bare)
}

/** Without blank lines at its ends, and with suggestions and code on lines of their own. */
function tidy(body: string): string {
  return body
    .replace(/([^\n])(<from>\n|`{3,}\n)/g, '$1\n$2')
    .replace(/(<\/to>)(?=[^\n])/g, '$1\n')
    .replace(/^\s*\n|\s+$/g, '')
}

function same(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((line, index) => line === right[index])
}
