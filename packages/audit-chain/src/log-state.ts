import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AuditDirDamaged } from './audit-errors.ts'
import { hasCode, replaceFile } from './durable-file.ts'
import { RecordRequestId, WriterId } from './record.ts'

/**
 * What the local log must know beyond its segments: whose it is, what the archive has, and the requests that are open
 * although the segment with their accepted record is freed.
 */
export const LogState = z.strictObject({
  v: z.literal(1),
  writerId: WriterId,
  ackedSeq: z.int().min(-1),
  open: z.array(
    z.strictObject({
      requestId: RecordRequestId,
      correlationId: z.string().exactOptional(),
      acceptedSeq: z.int().min(0),
    }),
  ),
})
export type LogState = z.infer<typeof LogState>

const statePath = (dir: string): string => join(dir, 'state.json')

/** The stored state, or nothing in a folder that no log has used. Throws AuditDirDamaged when it cannot be read as one. */
export const readLogState = async (dir: string): Promise<LogState | undefined> => {
  let text: string
  try {
    text = await readFile(statePath(dir), 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
  try {
    return LogState.parse(JSON.parse(text))
  } catch (error) {
    throw new AuditDirDamaged(`${statePath(dir)} is not the state of an audit log`, { cause: error })
  }
}

export const writeLogState = (dir: string, state: LogState): Promise<void> =>
  replaceFile(statePath(dir), `${JSON.stringify(state)}\n`)
