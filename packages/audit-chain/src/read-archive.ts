import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { checkLine } from './record.ts'
import type { AuditRecord } from './record.ts'
import { listSegments, readLines } from './segment-files.ts'

/**
 * Every intact record of an archive, writer by writer, each in the order it was written. The archive may be in use. Lines that are no
 * intact records are left out: to find them is `verifyArchive`'s task. Throws when the folder is no archive.
 */
export async function* readArchive(dir: string): AsyncGenerator<AuditRecord> {
  const writers = await readdir(join(dir, 'writers'))
  for (const writer of writers.toSorted()) {
    for (const { path } of await listSegments(join(dir, 'writers', writer))) {
      for await (const line of readLines(path)) {
        const checked = line.terminated ? checkLine(line.bytes) : null
        if (checked?.kind === 'intact') yield checked.record
      }
    }
  }
}
