import { open, rm } from 'node:fs/promises'
import { syncDir } from './durable-file.ts'
import type { CommittedRecord } from './group-commit.ts'
import type { LogIndex } from './log-index.ts'
import type { RecoveredLog } from './log-recovery.ts'
import { writeLogState, type LogState } from './log-state.ts'
import type { OpenRequest } from './request-ledger.ts'
import { segmentPath } from './segment-files.ts'

/** An acknowledgement that frees no segment is written down this often; a crash in between only ships records twice. */
const ackWriteMs = 1000

/** The durable records of a local log, from the oldest that is not freed: what to ship, and what the archive has. */
export class LogStock {
  readonly #options: { readonly dir: string; readonly clock: () => number }
  readonly #writerId: string
  readonly #index: LogIndex
  readonly #openRequests: () => OpenRequest[]
  #ackedSeq: number
  #ackWrittenAt: number
  #unshippedBytes: number
  #freeing: Promise<unknown> = Promise.resolve()

  constructor(
    options: { readonly dir: string; readonly clock: () => number },
    state: LogState,
    recovered: RecoveredLog,
    openRequests: () => OpenRequest[],
  ) {
    this.#options = options
    this.#writerId = state.writerId
    this.#index = recovered.index
    this.#openRequests = openRequests
    this.#ackedSeq = state.ackedSeq
    this.#ackWrittenAt = options.clock()
    this.#unshippedBytes = recovered.index.bytesOf(state.ackedSeq + 1, recovered.head.seq)
  }

  get firstSeq(): number {
    return this.#index.firstSeq
  }

  get ackedSeq(): number {
    return this.#ackedSeq
  }

  get unshippedBytes(): number {
    return this.#unshippedBytes
  }

  /** Takes the next record into stock. */
  add(record: CommittedRecord): void {
    this.#index.add(record.segment, record.end)
    this.#unshippedBytes += record.bytes
  }

  async read(fromSeq: number, bytesMax: number): Promise<{ records: string[]; nextSeq: number }> {
    if (fromSeq < this.firstSeq) throw new RangeError(`records before ${this.firstSeq} are freed, ${fromSeq} was asked`)
    const records: string[] = []
    let bytesLeft = bytesMax
    for (;;) {
      const span = this.#index.span(fromSeq + records.length, bytesLeft)
      if (span === undefined) break
      const bytes = span.end - span.start
      if (records.length > 0 && bytes > bytesLeft) break
      await using handle = await open(span.path, 'r')
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(bytes), 0, bytes, span.start)
      const lines = buffer.toString('utf8', 0, bytesRead).split('\n').slice(0, -1)
      if (lines.length !== span.count) throw new Error(`${span.path} is shorter than what was written to it`)
      records.push(...lines)
      bytesLeft -= bytes
    }
    return { records, nextSeq: fromSeq + records.length }
  }

  /** One call at a time, in order. A failed one changes nothing that the next one does not make good. */
  async free(uptoSeq: number): Promise<void> {
    const freed = this.#freeing.then(() => this.#free(uptoSeq))
    this.#freeing = Promise.allSettled([freed])
    await freed
  }

  /** Writes down what the archive has. */
  async close(): Promise<void> {
    await this.#freeing
    await this.#writeAck(this.#ackedSeq, this.firstSeq)
  }

  async #free(uptoSeq: number): Promise<void> {
    const ackedSeq = Math.max(uptoSeq, this.#ackedSeq)
    const freed = this.#index.segmentsThrough(ackedSeq)
    const isDue = ackedSeq > this.#ackedSeq && this.#options.clock() - this.#ackWrittenAt >= ackWriteMs
    if (freed.length > 0 || isDue) await this.#writeAck(ackedSeq, freed.at(-1)?.nextSeq ?? this.firstSeq)
    this.#unshippedBytes -= this.#index.bytesOf(this.#ackedSeq + 1, ackedSeq)
    this.#ackedSeq = ackedSeq
    for (const segment of freed) {
      // One by one and in order, so that a power cut never leaves a gap between two segments.
      await rm(segmentPath(this.#options.dir, segment.firstSeq), { force: true })
      await syncDir(this.#options.dir)
      this.#index.dropFirst()
    }
  }

  async #writeAck(ackedSeq: number, firstSeqKept: number): Promise<void> {
    const open = this.#openRequests().filter(({ acceptedSeq }) => acceptedSeq < firstSeqKept)
    await writeLogState(this.#options.dir, { v: 1, writerId: this.#writerId, ackedSeq, open })
    this.#ackWrittenAt = this.#options.clock()
  }
}
