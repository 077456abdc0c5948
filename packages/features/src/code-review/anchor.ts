import type { Diff, DiffLine } from './diff.ts'
import type { RawComment } from './raw-comment.ts'

/** The path as the diff spells it; null when the diff has no such file. */
export function pathInDiff(path: string, diff: Diff): string | null {
  const bare = path.trim().replace(/^(?:\.\/|[ab]\/)/, '')
  for (const candidate of [path, path.trim(), bare]) if (diff.has(candidate)) return candidate
  const ending = [...diff.keys()].filter(
    (known) => bare !== '' && (known.endsWith(`/${bare}`) || bare.endsWith(`/${known}`)),
  )
  if (ending.length === 1) return ending[0] ?? null
  return diff.size === 1 && bare === '' ? ([...diff.keys()][0] ?? null) : null
}

/**
 * The line a comment is about: the one GitLab would take, else one that the numbers mean in another way. Models give the number of an
 * added line as the old one, or only the old number of a line of context. Null: no line of the diff.
 */
export function anchorOf(
  comment: Pick<RawComment, 'oldLine' | 'newLine'>,
  lines: readonly DiffLine[],
): DiffLine | null {
  const { oldLine, newLine } = comment
  return (
    gitlabAnchor(comment, lines) ??
    lines.find((line) => oldLine !== null && newLine === null && line.oldLine === oldLine) ??
    lines.find((line) => oldLine !== null && newLine === null && line.newLine === oldLine) ??
    lines.find((line) => oldLine !== null && line.type === 'deleted' && line.oldLine === oldLine) ??
    null
  )
}

/** Both numbers match, else the new one does. */
export function gitlabAnchor(
  { oldLine, newLine }: Pick<RawComment, 'oldLine' | 'newLine'>,
  lines: readonly DiffLine[],
): DiffLine | null {
  if (oldLine === null && newLine === null) return null
  return (
    lines.find((line) => line.oldLine === oldLine && line.newLine === newLine) ??
    lines.find((line) => newLine !== null && line.newLine === newLine) ??
    null
  )
}
