/** GitLab's reading of a code review, as strict as its own (contract features §2.1). Ruby's line anchors know only the line feed. */
export interface ReviewComment {
  readonly file: string
  readonly oldLine: number | null
  readonly newLine: number | null
  readonly body: string
  readonly suggestions: readonly ReviewSuggestion[]
  /** Tags that users would see. */
  readonly rawTags: boolean
}

export interface ReviewSuggestion {
  readonly from: readonly string[]
  readonly to: readonly string[]
  /** Lines below the anchored one that it covers. */
  readonly offset: number
}

const lineStart = '(?:^|(?<=\\n))'
const comment = new RegExp(`${lineStart}<comment ([^>]*)>\\n?([^]*?)</comment>(?=\\n|$)`, 'g')
const multiLine = `${lineStart}<from>\\n([^]*?)${lineStart}</from>\\n<to>\\n([^]*?)${lineStart}</to>`
const anyLine = `${lineStart}<from>([^]*?)</from>\\n<to>([^]*?)</to>`
const pair = new RegExp(`${multiLine}|${anyLine}`, 'g')

export function parseReview(text: string): ReviewComment[] {
  const block = [...text.matchAll(/<review>[^]*?<\/review>/g)].at(-1)?.[0] ?? ''
  return [...block.matchAll(comment)].flatMap(([, attributes = '', body = '']) => {
    const named = new Map([...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value ?? '']))
    const file = named.get('file') ?? ''
    const oldLine = lineNumber(named.get('old_line'))
    const newLine = lineNumber(named.get('new_line'))
    if (file === '' || (oldLine === null && newLine === null) || body.trim() === '') return []
    return [{ file, oldLine, newLine, ...readBody(body.trim()) }]
  })
}

function lineNumber(value: string | undefined): number | null {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : null
}

function readBody(body: string): Pick<ReviewComment, 'body' | 'suggestions' | 'rawTags'> {
  const suggestions: ReviewSuggestion[] = []
  let end = 0
  let prose = ''
  for (const match of body.matchAll(pair)) {
    const isMultiLine = match[1] !== undefined
    const from = isMultiLine ? withoutLastFeed(match[1] ?? '') : (match[3] ?? '')
    const to = isMultiLine ? withoutLastFeed(match[2] ?? '') : (match[4] ?? '')
    prose += body.slice(end, match.index)
    end = match.index + match[0].length
    if (from === to) continue
    const lines = from.split('\n')
    suggestions.push({ from: lines, to: to === '' ? [] : to.split('\n'), offset: lines.length - 1 })
  }
  if (end === 0) return { body, suggestions, rawTags: /<\/?(?:from|to)>/.test(body) }
  // What follows a further opening tag is lost.
  const rest = body.slice(end).split('<from>', 1)[0] ?? ''
  const shown = prose + rest
  return { body: shown.trim(), suggestions, rawTags: /<\/?(?:from|to|comment)\b/.test(shown) }
}

function withoutLastFeed(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text
}

interface Line {
  readonly type: string
  readonly old: number | null
  readonly new: number | null
  readonly text: string
}

/** Where GitLab would post a comment, or why it would not, or what it would break there. */
export function placeComment(comment: ReviewComment, diff: ReadonlyMap<string, readonly Line[]>): string {
  const lines = diff.get(comment.file)
  if (lines === undefined) return 'dropped: no such file'
  const anchor =
    lines.find((line) => line.old === comment.oldLine && line.new === comment.newLine) ??
    lines.find((line) => comment.newLine !== null && line.new === comment.newLine)
  if (anchor === undefined) return 'dropped: no such line'
  if (comment.rawTags) return 'raw tags are shown'
  const current = lines.filter((line) => line.type !== 'deleted')
  for (const { from } of comment.suggestions) {
    if (anchor.type === 'deleted') return 'suggests on a deleted line'
    const start = anchorOf(from, current, current.indexOf(anchor))
    if (from.some((text, index) => current[start + index]?.text !== text)) return 'suggests on other lines'
  }
  return 'posted'
}

/** A first suggestion of three lines and more moves the comment to where its lines are. */
function anchorOf(from: readonly string[], current: readonly Line[], start: number): number {
  if (from.length < 3 || current[start]?.text === from[0]) return start
  const found = current.findIndex((_, at) => from.every((text, index) => current[at + index]?.text === text))
  return found < 0 ? start : found
}
