import { languageTable } from './language-table.ts'
import type { LanguageRow } from './language-table.ts'

/** `lang` of an answer where it differs from the grammar's name. */
const answerNames: Readonly<Record<string, string>> = { c_sharp: 'csharp', javascript: 'js', typescript: 'ts' }

export interface CodeLanguage {
  /** For the answer: by extension, else by editor id; '' when unknown. */
  readonly lang: string
  /** For the prompt: the editor's id, else the extension's language, else the bare extension; null when none exists. */
  readonly promptLanguage: string | null
}

/** The language of a file, by its name and the editor's id for it. */
export function languageOf(fileName: string, editorId: string | null): CodeLanguage {
  const id = editorId?.trim() || null
  const extension = extensionOf(fileName)
  const byExtension =
    extension === null ? undefined : languageTable.find(([, extensions]) => extensions.includes(extension))
  const row: LanguageRow | undefined =
    byExtension ?? (id === null ? undefined : languageTable.find(([, , editorIds]) => editorIds.includes(id)))
  return {
    lang: row === undefined ? '' : (answerNames[row[0]] ?? row[0]),
    promptLanguage: (id ?? byExtension?.[0] ?? extension)?.toLowerCase() ?? null,
  }
}

/** What follows the last dot of the base name; a leading dot starts a name, not an extension. */
export function extensionOf(fileName: string): string | null {
  const base = fileName.slice(Math.max(fileName.lastIndexOf('/'), fileName.lastIndexOf('\\')) + 1)
  const stem = base.replace(/^\.+/, '')
  const dot = stem.lastIndexOf('.')
  return dot < 0 || dot === stem.length - 1 ? null : stem.slice(dot + 1)
}
