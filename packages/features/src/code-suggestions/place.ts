import type { Family } from '@penstock/models'
import { fimForms, traitsOf } from '@penstock/models'
import { extensionOf } from './language.ts'

/** Where a suggestion goes, and whose it is. */
export interface AnswerContext {
  readonly family: Family
  readonly prefix: string
  readonly suffix: string
  readonly fileName: string
  /** The suggestion is whole lines: the line end before a closing fence belongs to it. */
  readonly wholeLines?: boolean
}

/** Files in which sentences and fences are the content. */
const proseExtensions = ['md', 'markdown', 'mdx', 'rmd', 'Rmd', 'qmd', 'rst', 'txt', 'adoc', 'tex']

/** A stream asks about its place with every piece: the prefix is looked through once. */
const known = new WeakMap<AnswerContext, boolean>()

/** Whether what stands at the cursor is text for people: a document, or a comment or docstring left open above. */
export function isProsePlace(context: AnswerContext): boolean {
  const found = known.get(context) ?? looksLikeProsePlace(context)
  known.set(context, found)
  return found
}

function looksLikeProsePlace({ fileName, prefix }: AnswerContext): boolean {
  if (proseExtensions.includes(extensionOf(fileName) ?? '')) return true
  const odd = (quotes: string): boolean => (prefix.split(quotes).length - 1) % 2 === 1
  return odd('"""') || odd("'''") || prefix.lastIndexOf('/*') > prefix.lastIndexOf('*/')
}

/** What stands on the cursor's line before it. */
export function cursorLineOf(prefix: string): string {
  return prefix.slice(prefix.lastIndexOf('\n') + 1)
}

/** Everything a family's form adds around the text. */
export function markersOf(family: Family): readonly string[] {
  const { fim, rawFim = fim } = traitsOf(family)
  return rawFim === 'none' ? [] : fimForms[rawFim].markers
}
