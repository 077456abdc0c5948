import type { TextStream } from '../answer/text-stream.ts'
import { cleanAnswer } from './answer.ts'
import { cursorMarker, unableMarker } from './cursor-marker.ts'
import { cursorLineOf, isProsePlace, markersOf } from './place.ts'
import type { AnswerContext } from './place.ts'
import { mayEcho } from './prefix-echo.ts'
import { isClosing, isPreamble, isSentence, looksLikeCode, mayOpenPreamble } from './prose.ts'
import { settledStart } from './suffix-overlap.ts'
import { preambleLinesMax, uncover, withoutMarkup } from './uncover.ts'
import { underscoreStream, unescapeUnderscores } from './unescape-underscores.ts'

export interface SuggestionStreamOptions {
  /** Text leaves in the middle of a line where nothing speaks against it; else line by line. */
  readonly eager: boolean
  /** False: the text leaves as the model wrote it, but for Mixtral's escapes. */
  readonly tidy?: boolean
}

/** A longer answer is no suggestion any more, and looking through it again and again would take ever longer: its rest passes as it is. */
const examinedCharsMax = 64 * 1024

/** Lets everything through. */
const plainStream = (): TextStream => ({ push: (text) => text, end: () => '' })

/**
 * `cleanAnswer` for an answer that comes in pieces: what it lets through, joined, is what that makes of the whole. Everything that a
 * later piece may still take away is held back: the last line, a fence, talk, what may repeat the text around the cursor.
 */
export function suggestionStream(context: AnswerContext, options: SuggestionStreamOptions): TextStream {
  if (options.tidy === false) return context.family === 'mixtral' ? underscoreStream() : plainStream()
  let answer = ''
  let said = ''
  return {
    push(text) {
      if (answer.length > examinedCharsMax) return text
      answer += text
      if (!options.eager && !text.includes('\n') && answer.length <= examinedCharsMax) return ''
      const tooLong = answer.length > examinedCharsMax
      const settled = tooLong ? cleanAnswer(answer, context) : settledPart(answer, context, options.eager)
      if (!settled.startsWith(said)) return ''
      const fresh = settled.slice(said.length)
      said = settled
      return fresh
    },
    end() {
      if (answer.length > examinedCharsMax) return ''
      const whole = cleanAnswer(answer, context)
      return whole.startsWith(said) ? whole.slice(said.length) : ''
    },
  }
}

/** The beginning of the suggestion that the rest of the answer cannot change. */
function settledPart(answer: string, context: AnswerContext, eager: boolean): string {
  const feed = answer.lastIndexOf('\n')
  const raw = eager ? withoutHeldLine(answer, context) : answer.slice(0, feed + 1)
  const unescaped = context.family === 'mixtral' ? unescapeUnderscores(raw.replace(/\\$/, '')) : raw
  if (isUndecided(unescaped, context)) return ''
  const code = beforeOpenFence(uncover(unescaped, context), context)
  if (mayEcho(code, context.prefix)) return ''
  return settledStart(code, context.suffix)
}

/** Whether all so far may be reasoning, a tag or talk ahead of the code. */
function isUndecided(text: string, context: AnswerContext): boolean {
  const start = text.trimStart()
  if (start === '' || /^<(think|thinking|reasoning|new_code)?>?$/.test(start)) return true
  if (isProsePlace(context)) return false
  const lines = withoutMarkup(text, context)
    .split('\n')
    .filter((line) => line.trim() !== '')
  return lines.length <= preambleLinesMax && lines.every((line) => isPreamble(line) || isSentence(line))
}

const fenceLine = /^\s*```/

/** A single fence may close what no fence opened: from there on all waits for the second. */
function beforeOpenFence(code: string, context: AnswerContext): string {
  if (isProsePlace(context)) return code
  const lines = code.split('\n')
  const fences = lines.flatMap((line, index) => (fenceLine.test(line) ? [index] : []))
  return fences.length === 1 ? lines.slice(0, fences[0]).join('\n') : code
}

/** The answer without its last, unfinished line where that may become something to be taken off, or without the end of it. */
function withoutHeldLine(answer: string, context: AnswerContext): string {
  const feed = answer.lastIndexOf('\n')
  const whole = answer.slice(0, feed + 1)
  const line = answer.slice(feed + 1)
  if (/^\s*[`<]/.test(line)) return whole
  if (isProsePlace(context)) return answer
  const first = isUndecided(whole, context)
  const plain = !looksLikeCode(line)
  if (first && plain && (cursorLineOf(context.prefix).trim() === '' || mayOpenPreamble(line))) return whole
  if (!first && plain && (/\n\s*\n$/.test(whole) || isClosing(line))) return whole
  return answer.slice(0, answer.length - begunMarkerChars(line, context))
}

/** Characters at the end of a line that may be the beginning of a marker. */
function begunMarkerChars(line: string, context: AnswerContext): number {
  const markers = [...markersOf(context.family), cursorMarker, unableMarker, '</new_code>']
  for (let chars = Math.min(line.length, 20); chars > 0; chars--) {
    const end = line.slice(-chars)
    if (markers.some((marker) => marker.length > chars && marker.startsWith(end))) return chars
  }
  return 0
}
