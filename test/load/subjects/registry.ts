import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { direct, penstock } from './own-subjects.ts'
import { Unavailable } from './peer-folder.ts'
import { peers } from './peers.ts'
import type { StartContext, SubjectKind } from './subject-kind.ts'
import type { Subject } from './subject.ts'

/** Everything that can be loaded, in the order of the tables. */
const subjectKinds: readonly SubjectKind[] = [direct, penstock, ...peers]

export const subjectNames: readonly string[] = subjectKinds.map(({ name }) => name)

/** A subject that takes no part, and why. */
export interface Absent {
  readonly subject: string
  readonly reason: string
}

/** Starts the named subjects one after the other. Those that cannot take part are reported, not guessed. */
export const startSubjects = async (
  names: readonly string[],
  context: Omit<StartContext, 'folder'> & { readonly folder: string },
): Promise<{ subjects: Subject[]; absent: Absent[] }> => {
  const subjects: Subject[] = []
  const absent: Absent[] = []
  for (const kind of subjectKinds.filter(({ name }) => names.includes(name))) {
    const folder = join(context.folder, kind.name)
    await mkdir(folder, { recursive: true })
    try {
      subjects.push(await kind.start({ ...context, folder }))
    } catch (error) {
      context.signal.throwIfAborted()
      if (!(error instanceof Error)) throw error
      const reason = error instanceof Unavailable ? error.message : `cannot be started: ${error.message}`
      absent.push({ subject: kind.name, reason })
      context.onProgress(`${kind.name} takes no part: ${reason}`)
    }
  }
  return { subjects, absent }
}
