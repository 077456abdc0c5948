import { cursorMarker, unableMarker } from './cursor-marker.ts'
import { cursorLineOf, isProsePlace, markersOf } from './place.ts'
import type { AnswerContext } from './place.ts'
import { isClosing, isPreamble, isRefusal, isSentence } from './prose.ts'

/** Lines of talk that may stand before a fenced block. */
export const preambleLinesMax = 4

/** The code in a model's answer: reasoning, markers, tags, fences and talk around it are taken off. */
export function uncover(answer: string, context: AnswerContext): string {
  const text = withoutMarkup(answer, context)
  if (isProsePlace(context)) return opensWithFence(text) && !isMarkdown(context) ? unfence(text, context) : text
  if (isRefusal(text)) return ''
  return withoutClosing(unfence(withoutPreamble(text, context), context), context)
}

/** The answer without reasoning, markers and tags. */
export function withoutMarkup(answer: string, { family }: AnswerContext): string {
  return withoutTags(cutAtMarkers(stripReasoning(answer), markersOf(family)))
}

/** A reasoning block at the beginning. One that never ends used up the output: no suggestion is left. */
function stripReasoning(text: string): string {
  const opened = /^\s*<(think|thinking|reasoning)>/.exec(text)
  // Some chat templates open the block in the prompt: then only its end is seen.
  const close = opened === null ? /<\/(?:think|thinking)>/.exec(text) : new RegExp(`</${opened[1]}>`).exec(text)
  if (close === null) return opened === null ? text : ''
  return text.slice(close.index + close[0].length).replace(/^(\r?\n)+/, '')
}

/** Markers at the beginning repeat the prompt's; behind any other the model has gone on to something else. */
function cutAtMarkers(text: string, markers: readonly string[]): string {
  let code = text
  for (let found = leading(code, markers); found !== undefined; found = leading(code, markers))
    code = code.slice(found.length)
  const ends = [...markers, unableMarker].map((marker) => code.indexOf(marker)).filter((index) => index >= 0)
  return ends.length === 0 ? code : code.slice(0, Math.min(...ends))
}

function leading(text: string, markers: readonly string[]): string | undefined {
  return markers.find((marker) => text.startsWith(marker))
}

/** GitLab's own examples begin with the tag, so models imitate it. */
function withoutTags(text: string): string {
  const untagged = text.replaceAll(cursorMarker, '').replace(/^\s*<new_code>(?:\r?\n)?/, '')
  const close = untagged.indexOf('</new_code>')
  return close < 0 ? untagged : untagged.slice(0, close)
}

const fenceLine = /^\s*```/
const openingFence = /^\s*```[^\s`]*[ \t]*$/

function opensWithFence(text: string): boolean {
  return openingFence.test(text.trimStart().split(/\r?\n/, 1)[0] ?? '')
}

function isMarkdown({ fileName }: AnswerContext): boolean {
  return /\.(md|markdown|mdx|[rR]md|qmd)$/.test(fileName)
}

/** Talk ahead of the code, when a fence or code on lines of its own follows it. */
function withoutPreamble(text: string, { prefix }: AnswerContext): string {
  const lines = text.split('\n')
  const first = lines.findIndex((line) => line.trim() !== '')
  if (first < 0) return text
  const fence = lines.findIndex((line) => openingFence.test(line))
  const ahead = fence < 0 ? [] : lines.slice(first, fence).filter((line) => line.trim() !== '')
  if (fence > first && ahead.length <= preambleLinesMax && ahead.every((line) => isPreamble(line) || isSentence(line)))
    return lines.slice(fence).join('\n')
  const next = lines.findIndex((line, index) => index > first && line.trim() !== '')
  if (next < 0 || cursorLineOf(prefix).trim() !== '' || !isPreamble(lines[first] ?? '')) return text
  return lines.slice(next).join('\n')
}

/** Takes code out of the fence that opens it, or drops a lone closing fence. Pairs inside belong to the code, say to a doc comment. */
function unfence(text: string, { wholeLines = false }: AnswerContext): string {
  const end = wholeLines ? '\n' : ''
  if (opensWithFence(text)) {
    const lines = text.split('\n')
    const opening = lines.findIndex((line) => fenceLine.test(line))
    const inside = lines.slice(opening + 1)
    const closing = inside.findIndex((line) => fenceLine.test(line))
    return closing < 0 ? withoutBackticks(inside.join('\n')) : withoutLineEnd(inside.slice(0, closing).join('\n')) + end
  }
  const lines = text.split('\n')
  const fences = lines.flatMap((line, index) => (fenceLine.test(line) ? [index] : []))
  if (fences.length !== 1) return text
  const [fence = 0] = fences
  const after = lines.slice(fence + 1).filter((line) => line.trim() !== '')
  if (lines[fence]?.trim() !== '```' || !after.every((line) => isSentence(line) || isClosing(line))) return text
  return withoutLineEnd(lines.slice(0, fence).join('\n')) + end
}

/** A closing fence that the output limit cut short. */
function withoutBackticks(code: string): string {
  return code.replace(/\n[ \t]*`{1,2}$/, '')
}

function withoutLineEnd(code: string): string {
  return code.endsWith('\r') ? code.slice(0, -1) : code
}

/** An explanation behind the code: a paragraph of its own that begins as one. */
function withoutClosing(text: string, { prefix }: AnswerContext): string {
  const lines = text.split('\n')
  const from = lines.findIndex(
    (line, index) => index > 0 && lines[index - 1]?.trim() === '' && isClosing(line) && isFollowedByTalk(lines, index),
  )
  if (from < 0) return text
  const kept = lines.slice(0, from).join('\n').trimEnd()
  return kept.trim() === '' && cursorLineOf(prefix).trim() !== '' ? text : kept
}

/** Nothing behind the line looks like code again. */
function isFollowedByTalk(lines: readonly string[], from: number): boolean {
  return lines
    .slice(from + 1)
    .every((line) => line.trim() === '' || isSentence(line) || /^\s*(?:[-*]|\d+\.)\s/.test(line))
}
