export interface DiffLine {
  readonly type: 'added' | 'deleted' | 'context'
  /** Number in the old file; null for an added line. */
  readonly oldLine: number | null
  /** Number in the new file; null for a deleted line. */
  readonly newLine: number | null
  readonly text: string
}

/** Lines of each file of a diff, by its new path. */
export type Diff = ReadonlyMap<string, readonly DiffLine[]>

const file = /<file_diff filename="([^"\n]*)">\n?([^]*?)(?=<\/file_diff>\s*(?:<file_diff |$))/g
const line = /^<line type="(added|deleted|context)" old_line="(\d*)" new_line="(\d*)">(.*)<\/line>\r?$/gm

/** Reads the diff that GitLab puts into the prompt (contract features §2.1). The marker for a missing line feed has no number: no line. */
export function parseDiff(diffLines: string): Diff {
  const files = new Map<string, DiffLine[]>()
  for (const [, path, inner] of diffLines.matchAll(file)) {
    const lines = [...(inner ?? '').matchAll(line)].map(([, type, oldLine, newLine, text]) => ({
      type: type as DiffLine['type'],
      oldLine: oldLine === '' ? null : Number(oldLine),
      newLine: newLine === '' ? null : Number(newLine),
      text: text ?? '',
    }))
    files.set(
      path ?? '',
      lines.filter(({ oldLine, newLine }) => oldLine !== null || newLine !== null),
    )
  }
  return files
}
