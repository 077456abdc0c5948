import { wholeText } from './text-stream.ts'
import type { TextStream } from './text-stream.ts'

/** A line by which models announce what they were asked for. */
const announcement =
  /^(?:\*\*)?(?:sure|certainly|of course|absolutely|okay|ok|great|here(?:'s| is| are| you go| it is)|below (?:is|are)|the following|this is|based on)\b[^\n]{0,160}:(?:\*\*)?[ \t]*\r?\n+/i

/** A label before the text itself, on its line: `Commit message: Fix the build`. */
const label = /^(?:\*\*)?(?:commit message|message|summary|title|description|answer)(?:\*\*)?:(?:\*\*)?[ \t]*\n*/i

/** A paragraph by which models take their leave. */
const leave = /\n\s*\n(?:let me know|i hope|hope this|feel free|please let me know|would you like)\b[^\n]*$/i

const fenceLine = /^(?:`{3,}|~{3,})/

/** Text that goes somewhere as it stands: without announcement, label, fence and quotes around it. */
export function plainText(options: { readonly charsMax?: number; readonly otherwise?: string } = {}): TextStream {
  return wholeText((answer) => {
    const bare = bareText(answer)
    const told = bare === '' ? (options.otherwise ?? '') : bare
    return options.charsMax === undefined ? told : shortened(told, options.charsMax)
  })
}

/** Text without any of it comes back byte by byte. */
export function bareText(answer: string): string {
  const trimmed = answer.replace(/\r\n?/g, '\n').trim()
  const announced = trimmed.replace(announcement, '').replace(leave, '').trim()
  const unfenced = unwrapped(announced)
  const unlabelled = unfenced.replace(label, '').trim()
  const text = unwrapped(unlabelled === '' ? unfenced : unlabelled)
  return text === answer.trim() ? answer : text
}

/** The inside of the one fence, when nothing but an announcement is before it; the inside of quotes around the whole. */
function unwrapped(text: string): string {
  const lines = text.split('\n')
  const fences = lines.flatMap((line, index) => (fenceLine.test(line) ? [index] : []))
  const [opening, closing] = fences
  if (fences.length === 2 && opening !== undefined && isAnnouncement(lines.slice(0, opening)))
    return lines
      .slice(opening + 1, closing)
      .join('\n')
      .trim()
  return /^"([^"]+)"$/.exec(text)?.[1] ?? text
}

function isAnnouncement(lines: readonly string[]): boolean {
  const text = lines.join('\n').trim()
  return text === '' || (text.endsWith(':') && !text.includes('\n'))
}

/** At most so many characters, ended at a sentence or word where that keeps most of it. */
function shortened(text: string, charsMax: number): string {
  const chars = Array.from(text)
  if (chars.length <= charsMax) return text
  const cut = chars.slice(0, charsMax).join('')
  const sentence = Math.max(cut.lastIndexOf('. '), cut.lastIndexOf('.\n'), cut.lastIndexOf('\n\n'))
  if (sentence > cut.length / 2) return cut.slice(0, sentence + 1).trimEnd()
  const word = cut.lastIndexOf(' ')
  return (word > cut.length / 2 ? cut.slice(0, word) : cut).trimEnd()
}
