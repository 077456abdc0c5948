import type { JsonObject } from './canonical-json.ts'
import type { RecordType } from './record.ts'
import type { OpenRequest } from './request-ledger.ts'

export interface AuditLogOptions {
  /** Folder that outlives the process. Made when absent. */
  readonly dir: string
  /** Name of the chain. Unset: the folder's own, else a random one. Another than the folder's own is an error. */
  readonly writerId?: string
  /** Room for records that are not archived yet, end records of open requests included. On disk up to two segments more. */
  readonly capacityBytes: number
  readonly segmentBytes: number
  /** Largest end record, and what each request keeps reserved; ≥ 1024. */
  readonly endRecordBytesMax: number
  /** Largest record of another type. Default 64 KiB. */
  readonly recordBytesMax?: number
  /** Epoch ms. */
  readonly clock: () => number
}

/** A fact to record. `data` is bounded metadata, the most important members first: what does not fit is cut from the end. */
export interface AuditEntry {
  /** The log itself records crashes and starts. */
  readonly type: Exclude<RecordType, 'response.unknown_crash' | 'writer.started'>
  /** 1 to 64 of `A-Z a-z 0-9 _ -`. */
  readonly requestId: string
  readonly correlationId?: string
  readonly data: JsonObject
}

export interface AppendedRecord {
  readonly seq: number
  readonly at: string
  readonly hash: string
}

/** The ingress's write-ahead log: what it says is appended is on disk. */
export interface AuditLog extends AsyncDisposable {
  readonly writerId: string
  /** Seq of the last record on disk. */
  readonly durableSeq: number
  /** Seq of the oldest record still kept here. */
  readonly firstSeq: number
  /** Seq of the last record the archive has; -1 when it has none. */
  readonly ackedSeq: number
  readonly usage: { readonly capacityBytes: number; readonly unshippedBytes: number; readonly reservedBytes: number }

  /** Keeps room for a request's end record. False: the log is full, the request must be refused. Free when repeated. */
  reserve(requestId: string): boolean
  /** Gives back the room of a request that will not be accepted after all. */
  release(requestId: string): void
  /**
   * Resolves when the record is durable; concurrent appends share one write and keep their order. Rejects with
   * AuditUnavailable: `full` (never for an end record of an accepted request), `disk` (with `cause`), `closed`. A rejected
   * record is not in the chain: an accepted one has lost its reservation, an end record may be appended again. Each
   * request is accepted once (reserved on the way when it was not) and ends once after that is durable; else it throws.
   */
  append(entry: AuditEntry): Promise<AppendedRecord>
  /** Accepted, without a durable end record, oldest first. */
  openRequests(): OpenRequest[]

  /** Durable records from `fromSeq` on, as lines without line feed: as many as fit in `bytesMax`, at least one if there is one. */
  read(fromSeq: number, limits: { readonly bytesMax: number }): Promise<{ records: string[]; nextSeq: number }>
  /** Resolves when the record `seq` is durable. Rejects with the signal's reason. */
  untilDurable(seq: number, signal: AbortSignal): Promise<void>
  /** The archive has everything up to `uptoSeq`: frees the room, and whole segments. Throws RangeError beyond `durableSeq`. */
  free(uptoSeq: number): Promise<void>
}
