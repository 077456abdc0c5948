import { fimForms, traitsOf } from '@penstock/models'
import type { Family } from '@penstock/models'
import { stripFences } from './fences.ts'
import { extensionOf } from './language.ts'
import { cursorMarker } from './prompt/cursor-prompt.ts'
import { cutSuffixOverlap } from './suffix-overlap.ts'
import { unescapeUnderscores } from './unescape-underscores.ts'

export interface AnswerContext {
  readonly family: Family
  readonly prefix: string
  readonly suffix: string
  readonly fileName: string
}

const markdownExtensions = ['md', 'markdown', 'mdx', 'rmd', 'Rmd', 'qmd']

/**
 * The suggestion in a model's whole answer. Takes off what models add around code; text without any of it comes back byte by byte.
 * `tidy: false` leaves all but Mixtral's escapes, as GitLab's own gateway does.
 */
export function cleanAnswer(answer: string, context: AnswerContext, tidy = true): string {
  const text = context.family === 'mixtral' ? unescapeUnderscores(answer) : answer
  if (!tidy) return text
  const code = cutAtMarkers(stripReasoning(text), markersOf(context.family)).replaceAll(cursorMarker, '')
  const unfenced = markdownExtensions.includes(extensionOf(context.fileName) ?? '') ? code : stripFences(code)
  const suggestion = cutSuffixOverlap(unfenced, context.prefix, context.suffix)
  return suggestion.trim() === '' ? '' : suggestion
}

/** A reasoning block at the beginning. One that never ends used up the output: no suggestion is left. */
function stripReasoning(text: string): string {
  if (!text.trimStart().startsWith('<think>')) return text
  const end = text.indexOf('</think>')
  return end < 0 ? '' : text.slice(end + '</think>'.length).replace(/^(\r?\n)+/, '')
}

/** Markers at the beginning repeat the prompt's; behind any other the model has gone on to something else. */
function cutAtMarkers(text: string, markers: readonly string[]): string {
  let code = text
  for (let found = leading(code, markers); found !== undefined; found = leading(code, markers))
    code = code.slice(found.length)
  const ends = markers.map((marker) => code.indexOf(marker)).filter((index) => index >= 0)
  return ends.length === 0 ? code : code.slice(0, Math.min(...ends))
}

function leading(text: string, markers: readonly string[]): string | undefined {
  return markers.find((marker) => text.startsWith(marker))
}

function markersOf(family: Family): readonly string[] {
  const { fim } = traitsOf(family)
  return fim === 'none' ? [] : fimForms[fim].markers
}
