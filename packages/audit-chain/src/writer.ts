import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { AuditDirDamaged } from './audit-errors.ts'
import type { AuditLog, AuditLogOptions } from './audit-log.ts'
import { lockDir } from './dir-lock.ts'
import { batchBytesMax } from './group-commit.ts'
import { LocalLog } from './local-log.ts'
import { recoverLog } from './log-recovery.ts'
import { readLogState, writeLogState, type LogState } from './log-state.ts'
import { WriterId } from './record.ts'
import { SegmentAppender } from './segment-appender.ts'
import { listSegments } from './segment-files.ts'

/**
 * Opens the log of a folder for this process alone: checks the chain, cuts a batch that a crash tore, records
 * `response.unknown_crash` for each request that was left open and then `writer.started`. Throws AuditDirLocked,
 * AuditDirDamaged, or AuditUnavailable when these first records cannot be written.
 */
export const openAuditLog = async (options: AuditLogOptions): Promise<AuditLog> => {
  if (options.endRecordBytesMax < 1024) throw new RangeError('endRecordBytesMax must be at least 1024')
  const { dir } = options
  const recordBytesMax = Math.max(options.recordBytesMax ?? 64 * 1024, options.endRecordBytesMax)
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await using held = new AsyncDisposableStack()
  held.use(await lockDir(dir))
  const state = await stateOf(dir, options.writerId)
  const recovered = await recoverLog(dir, state, batchBytesMax + recordBytesMax)
  const appender = held.use(new SegmentAppender(options, recovered.end))
  const log = new LocalLog({ ...options, recordBytesMax }, state, recovered, appender)
  await log.start(recovered)
  log.adopt(held.move())
  return log
}

const stateOf = async (dir: string, wanted: string | undefined): Promise<LogState> => {
  const stored = await readLogState(dir)
  if (stored !== undefined) {
    if (wanted === undefined || wanted === stored.writerId) return stored
    throw new AuditDirDamaged(`${dir} is the log of ${stored.writerId}, not of ${wanted}`)
  }
  if ((await listSegments(dir)).length > 0) throw new AuditDirDamaged(`${dir} has records but no state.json`)
  const writerId = WriterId.parse(wanted ?? `w-${randomBytes(8).toString('hex')}`)
  const state: LogState = { v: 1, writerId, ackedSeq: -1, open: [] }
  await writeLogState(dir, state)
  return state
}
