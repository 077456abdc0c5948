import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openArchive, type Archive, type ArchiveOptions } from './archive.ts'
import type { AuditEntry, AuditLog, AuditLogOptions } from './audit-log.ts'
import { canonicalJson } from './canonical-json.ts'
import { AuditRecord, genesisHash, sealRecord, type RecordType } from './record.ts'
import { listSegments } from './segment-files.ts'
import { openAuditLog } from './writer.ts'

/** A folder for one test, removed when disposed. */
export const temporaryDir = async (): Promise<AsyncDisposable & { readonly path: string }> => {
  const path = await mkdtemp(join(tmpdir(), 'penstock-audit-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Opens a log with limits that no test meets by accident. */
export const openTestLog = (dir: string, options: Partial<AuditLogOptions> = {}): Promise<AuditLog> =>
  openAuditLog({
    dir,
    capacityBytes: 100_000_000,
    segmentBytes: 1_000_000,
    endRecordBytesMax: 2048,
    clock: Date.now,
    ...options,
  })

export const accepted = (requestId: string, data: AuditEntry['data'] = {}): AuditEntry => ({
  type: 'request.accepted',
  requestId,
  correlationId: `c-${requestId}`,
  data: { feature: 'chat', model: 'qwen', pool: 'main', bytes: 1234, ...data },
})

export const completed = (requestId: string, data: AuditEntry['data'] = {}): AuditEntry => ({
  type: 'response.completed',
  requestId,
  correlationId: `c-${requestId}`,
  data: { tokens: 56, attempts: 1, ...data },
})

/** All records of a folder of segments, in file order. */
export const recordsIn = async (dir: string): Promise<AuditRecord[]> => {
  const texts = await Promise.all((await listSegments(dir)).map(({ path }) => readFile(path, 'utf8')))
  return texts.flatMap((text) => text.split('\n').slice(0, -1)).map((line) => AuditRecord.parse(JSON.parse(line)))
}

/** All lines that a log still has. */
export const linesOf = async (log: AuditLog): Promise<string[]> =>
  (await log.read(log.firstSeq, { bytesMax: Infinity })).records

/** Opens an archive whose checkpoints come only when a test asks for them. */
export const openTestArchive = (dir: string, options: Partial<ArchiveOptions> = {}): Promise<Archive> =>
  openArchive({
    dir,
    segmentBytes: 1_000_000,
    checkpointEveryRecords: 1_000_000,
    checkpointEveryMs: 1_000_000,
    clock: Date.now,
    onCheckpointFailure: (error) => {
      throw error
    },
    ...options,
  })

/** The lines of a made-up writer that serves `requests` requests, three of them at a time. */
export const writerLines = (writerId: string, requests: number): string[] => {
  const lines: string[] = []
  let prev = genesisHash
  const add = (type: RecordType, requestId?: string) => {
    const at = new Date(1_790_000_000_000 + lines.length).toISOString()
    const id = requestId === undefined ? {} : { requestId }
    const { line, hash } = sealRecord({
      seq: lines.length,
      writerId,
      at,
      type,
      ...id,
      dataJson: '{"pool":"main"}',
      prev,
    })
    lines.push(line)
    prev = hash
  }
  add('writer.started')
  for (let request = 0; request < requests + 2; request += 1) {
    if (request < requests) add('request.accepted', `r${request}`)
    if (request >= 2) add('response.completed', `r${request - 2}`)
  }
  return lines
}

/** The chain of the same facts, sealed anew from `fromSeq` on: what someone who knows the format can forge. */
export const resealed = (lines: readonly string[], fromSeq: number): string[] => {
  const kept = lines.slice(0, fromSeq)
  let prev = kept.length === 0 ? genesisHash : AuditRecord.parse(JSON.parse(kept.at(-1)!)).hash
  return lines.reduce<string[]>((out, line, at) => {
    if (at < fromSeq) return [...out, line]
    const { data, requestId, type, writerId, at: instant } = AuditRecord.parse(JSON.parse(line))
    const id = requestId === undefined ? {} : { requestId }
    const sealed = sealRecord({ seq: at, writerId, at: instant, type, ...id, dataJson: canonicalJson(data), prev })
    prev = sealed.hash
    return [...out, sealed.line]
  }, [])
}
