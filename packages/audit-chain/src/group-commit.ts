import { AuditUnavailable } from './audit-errors.ts'
import type { ChainHead } from './log-recovery.ts'
import { sealRecord, type RecordType } from './record.ts'
import type { SegmentAppender } from './segment-appender.ts'

/** A record that waits for its batch. Its place in the chain is decided there, so that a failed batch leaves no gap. */
export interface PendingRecord {
  readonly type: RecordType
  readonly requestId?: string
  readonly correlationId?: string
  readonly at: string
  readonly dataJson: string
  /** Upper bound of its line. */
  readonly bytesMax: number
}

/** A record on disk. */
export interface CommittedRecord {
  readonly seq: number
  readonly at: string
  readonly hash: string
  /** First seq of its segment, and the byte of that after its line. */
  readonly segment: number
  readonly end: number
  readonly bytes: number
}

interface Waiting extends PendingRecord {
  readonly committed: (record: CommittedRecord) => void
  readonly failed: (error: AuditUnavailable) => void
}

/** A batch takes no more records from here on. A crash tears at most one batch. */
export const batchBytesMax = 1024 * 1024

/**
 * Chains records and writes them in batches: while one batch is written and synced the next one gathers, so each record
 * waits for at most two syncs. After a failed batch the next one is tried as if it had not been.
 */
export class GroupCommit {
  readonly #writerId: string
  readonly #appender: SegmentAppender
  #head: ChainHead
  #queue: Waiting[] = []
  #running: Promise<void> | undefined

  constructor(writerId: string, head: ChainHead, appender: SegmentAppender) {
    this.#writerId = writerId
    this.#head = head
    this.#appender = appender
  }

  get durableSeq(): number {
    return this.#head.seq
  }

  /** Calls `committed` when the record is durable, in the order of the chain, else `failed`. */
  add(record: Waiting): void {
    this.#queue.push(record)
    this.#running ??= this.#run()
  }

  /** Resolves when nothing waits any more. */
  async settled(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    // Lets everything that this turn of the event loop adds join the first batch.
    await Promise.resolve()
    while (this.#queue.length > 0) await this.#commit(this.#nextBatch())
    this.#running = undefined
  }

  #nextBatch(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const record of this.#queue) {
      if (bytes >= batchBytesMax) break
      bytes += record.bytesMax
      count += 1
    }
    return this.#queue.splice(0, count)
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const firstSeq = this.#head.seq + 1
    let { seq, hash } = this.#head
    const sealed = batch.map((record) => {
      const { line, hash: next } = sealRecord({ ...record, writerId: this.#writerId, seq: (seq += 1), prev: hash })
      hash = next
      return { record, seq, hash, bytes: Buffer.from(`${line}\n`) }
    })
    let place: { readonly segment: number; readonly offset: number }
    try {
      place = await this.#appender.append(firstSeq, Buffer.concat(sealed.map(({ bytes }) => bytes)))
    } catch (cause) {
      const error = new AuditUnavailable('disk', 'the audit log could not be written', { cause })
      for (const record of batch) record.failed(error)
      return
    }
    this.#head = { seq, hash }
    let end = place.offset
    for (const { record, seq, hash, bytes } of sealed) {
      end += bytes.length
      record.committed({ seq, hash, at: record.at, segment: place.segment, end, bytes: bytes.length })
    }
  }
}
