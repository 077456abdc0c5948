import type { AnswerContext } from './place.ts'
import { cutPrefixEcho } from './prefix-echo.ts'
import { cutSuffixOverlap } from './suffix-overlap.ts'
import { uncover } from './uncover.ts'
import { unescapeUnderscores } from './unescape-underscores.ts'

/**
 * The suggestion in a model's whole answer. Takes off what models add around code; text without any of it comes back byte by byte.
 * `tidy: false` leaves all but Mixtral's escapes, as GitLab's own gateway does.
 */
export function cleanAnswer(answer: string, context: AnswerContext, tidy = true): string {
  const text = context.family === 'mixtral' ? unescapeUnderscores(answer) : answer
  if (!tidy) return text
  const { prefix, suffix } = context
  const suggestion = cutSuffixOverlap(cutPrefixEcho(uncover(text, context), prefix), prefix, suffix)
  return suggestion.trim() === '' ? '' : suggestion
}
