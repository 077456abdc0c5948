import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson } from './canonical-json.ts'

/** What a record can report. Each accepted request gets exactly one of `terminalTypes` later. */
export const recordTypes = [
  'request.accepted',
  'request.refused',
  'response.completed',
  'response.failed',
  'response.client_gone',
  'response.cancelled',
  'response.unknown_crash',
  'writer.started',
] as const
export type RecordType = (typeof recordTypes)[number]

/** Whether a record of this type ends an accepted request. */
export const isTerminal = (type: RecordType): boolean => type.startsWith('response.')

/** Names a folder of the archive, so nothing that a path could misread. */
export const WriterId = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/)
/** Lower-case hex of a SHA-256. */
export const Sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)
/** ISO 8601 in UTC with milliseconds, as `Date.prototype.toISOString` prints it. */
export const InstantIso = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
/** Request ids as the log takes them; wider than the ids that the ingress makes. */
export const RecordRequestId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)
/** Longest correlation id that a record keeps, in characters of printable ASCII. */
export const correlationIdCharsMax = 128

/**
 * One fact in a writer's chain. `seq` counts from 0 without gaps, `prev` is the hash of the record before (64 zeros at
 * seq 0), `hash` is the SHA-256 of the record's canonical JSON without the member `hash`. FORMAT.md has the exact rules.
 */
export const AuditRecord = z.strictObject({
  v: z.literal(1),
  seq: z.int().min(0),
  writerId: WriterId,
  at: InstantIso,
  type: z.enum(recordTypes),
  requestId: RecordRequestId.exactOptional(),
  correlationId: z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/)
    .exactOptional(),
  data: z.record(z.string(), z.unknown()),
  prev: Sha256Hex,
  hash: Sha256Hex,
})
export type AuditRecord = z.infer<typeof AuditRecord>

/** `prev` of a writer's first record. */
export const genesisHash = '0'.repeat(64)

/** Lower-case hex SHA-256 of text in UTF-8, or of bytes. */
export const sha256Hex = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** All of a record that is known before it is sealed. `dataJson` is canonical JSON of an object. */
export interface UnsealedRecord {
  readonly seq: number
  readonly writerId: string
  readonly at: string
  readonly type: RecordType
  readonly requestId?: string
  readonly correlationId?: string
  readonly dataJson: string
  readonly prev: string
}

/** Seals a record: its hash, and its canonical line without the line feed. */
export const sealRecord = (record: UnsealedRecord): { readonly line: string; readonly hash: string } => {
  const correlation =
    record.correlationId === undefined ? '' : `,"correlationId":${canonicalJson(record.correlationId)}`
  const request = record.requestId === undefined ? '' : `,"requestId":${canonicalJson(record.requestId)}`
  const head = `{"at":"${record.at}"${correlation},"data":${record.dataJson}`
  const tail = `,"prev":"${record.prev}"${request},"seq":${record.seq},"type":"${record.type}","v":1,"writerId":"${record.writerId}"}`
  const hash = sha256Hex(head + tail)
  return { line: `${head},"hash":"${hash}"${tail}`, hash }
}

/** Whether a line is a record as its writer sealed it. `edited`: a well-formed record with another content than its hash. */
export type LineCheck =
  | { readonly kind: 'intact'; readonly record: AuditRecord }
  | { readonly kind: 'malformed'; readonly seq?: number; readonly message: string }
  | { readonly kind: 'edited'; readonly record: AuditRecord; readonly message: string }

/** Checks one line (without line feed) by itself: form, canonical bytes, hash. The chain is the caller's to check. */
export const checkLine = (bytes: Uint8Array): LineCheck => {
  if (!isUtf8(bytes)) return { kind: 'malformed', message: 'the line is not UTF-8' }
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  let raw: unknown
  try {
    raw = JSON.parse(line)
  } catch (error) {
    return { kind: 'malformed', message: `the line is not JSON: ${(error as Error).message}` }
  }
  const parsed = AuditRecord.safeParse(raw)
  if (!parsed.success) return { kind: 'malformed', ...seqOf(raw), message: z.prettifyError(parsed.error) }
  if (canonicalJson(raw) !== line) {
    return { kind: 'malformed', seq: parsed.data.seq, message: 'the line is not in canonical form' }
  }
  const { hash, ...unsealed } = raw as Record<string, unknown>
  if (sha256Hex(canonicalJson(unsealed)) !== hash) {
    return { kind: 'edited', record: parsed.data, message: 'the content does not match the hash' }
  }
  return { kind: 'intact', record: parsed.data }
}

const seqOf = (raw: unknown): { seq?: number } => {
  const seq = typeof raw === 'object' && raw !== null && 'seq' in raw ? raw.seq : undefined
  return typeof seq === 'number' && Number.isSafeInteger(seq) ? { seq } : {}
}
