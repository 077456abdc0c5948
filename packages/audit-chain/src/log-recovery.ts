import { AuditDirDamaged } from './audit-errors.ts'
import { LogIndex } from './log-index.ts'
import type { LogState } from './log-state.ts'
import { checkLine, genesisHash, isTerminal, type AuditRecord } from './record.ts'
import type { OpenRequest } from './request-ledger.ts'
import type { SegmentEnd } from './segment-appender.ts'
import { listSegments, readLines } from './segment-files.ts'
import { setTailAside } from './torn-tail.ts'

/** The last record of a chain. */
export interface ChainHead {
  readonly seq: number
  readonly hash: string
}

export interface RecoveredLog {
  readonly index: LogIndex
  readonly head: ChainHead
  readonly end?: SegmentEnd
  readonly open: readonly OpenRequest[]
  /** Bytes behind the last whole record: of a batch that no one was told of. */
  readonly tornBytes: number
}

/**
 * Reads a local log as its last process left it and checks the whole chain on disk. A last batch that was cut off
 * (at most `tornBytesMax`) is kept aside in `torn-tail.bin` and does not count. Throws AuditDirDamaged for anything else.
 */
export const recoverLog = async (dir: string, state: LogState, tornBytesMax: number): Promise<RecoveredLog> => {
  const segments = await listSegments(dir)
  const index = new LogIndex(dir)
  const open = new Map(state.open.map((request) => [request.requestId, request as OpenRequest]))
  let head: ChainHead | undefined
  let end: SegmentEnd | undefined
  let tornBytes = 0
  for (const [at, segment] of segments.entries()) {
    const isLast = at === segments.length - 1
    let bytes = 0
    index.add(segment.firstSeq)
    if (segment.firstSeq !== (head === undefined ? segment.firstSeq : head.seq + 1)) {
      throw new AuditDirDamaged(`${segment.path} should begin with seq ${(head?.seq ?? -1) + 1}`)
    }
    for await (const line of readLines(segment.path)) {
      const check = line.terminated ? checkLine(line.bytes) : { kind: 'torn' as const, message: 'the line has no end' }
      if (check.kind !== 'intact') {
        if (!isLast) throw new AuditDirDamaged(`${segment.path}:${line.number}: ${check.message}`)
        tornBytes = await setTailAside(dir, segment.path, bytes, tornBytesMax)
        break
      }
      const expected = head ?? {
        seq: segment.firstSeq - 1,
        hash: segment.firstSeq === 0 ? genesisHash : check.record.prev,
      }
      if (!follows(check.record, expected, state.writerId)) {
        throw new AuditDirDamaged(`${segment.path}:${line.number}: does not follow seq ${expected.seq} of this writer`)
      }
      head = { seq: check.record.seq, hash: check.record.hash }
      bytes = line.end
      index.add(segment.firstSeq, bytes)
      noteRequest(open, check.record)
    }
    end = { firstSeq: segment.firstSeq, bytes }
  }
  if (segments[0] !== undefined && segments[0].firstSeq > state.ackedSeq + 1) {
    throw new AuditDirDamaged(`${dir} begins at seq ${segments[0].firstSeq}, but only ${state.ackedSeq} was archived`)
  }
  head ??= { seq: -1, hash: genesisHash }
  if (head.seq < state.ackedSeq) {
    throw new AuditDirDamaged(
      `${dir} ends at seq ${head.seq}, but seq ${state.ackedSeq} was archived: records are lost`,
    )
  }
  return { index, head, ...(end === undefined ? {} : { end }), open: [...open.values()], tornBytes }
}

const follows = (record: AuditRecord, previous: ChainHead, writerId: string): boolean =>
  record.seq === previous.seq + 1 && record.prev === previous.hash && record.writerId === writerId

const noteRequest = (open: Map<string, OpenRequest>, record: AuditRecord): void => {
  const { requestId, correlationId, type, seq } = record
  if (requestId === undefined) return
  if (isTerminal(type)) open.delete(requestId)
  if (type !== 'request.accepted') return
  open.set(requestId, { requestId, acceptedSeq: seq, ...(correlationId === undefined ? {} : { correlationId }) })
}
