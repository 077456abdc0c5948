import { AuditUnavailable } from './audit-errors.ts'
import type { AppendedRecord, AuditEntry, AuditLog, AuditLogOptions } from './audit-log.ts'
import { boundedCorrelationId, boundedDataJson } from './bounded-entry.ts'
import type { JsonObject } from './canonical-json.ts'
import { GroupCommit, type CommittedRecord, type PendingRecord } from './group-commit.ts'
import type { RecoveredLog } from './log-recovery.ts'
import type { LogState } from './log-state.ts'
import { LogStock } from './log-stock.ts'
import { RecordRequestId, genesisHash, isTerminal, sealRecord, type RecordType } from './record.ts'
import { RequestLedger, type OpenRequest } from './request-ledger.ts'
import type { SegmentAppender } from './segment-appender.ts'

/** A record to be written, the log's own among them. */
interface Fact {
  readonly type: RecordType
  readonly requestId?: string
  readonly correlationId?: string
  readonly data: JsonObject
}

/** The AuditLog of a folder that is locked and recovered. `openAuditLog` makes it. */
export class LocalLog implements AuditLog {
  readonly #options: AuditLogOptions & { readonly recordBytesMax: number }
  readonly writerId: string
  readonly #ledger: RequestLedger
  readonly #stock: LogStock
  readonly #commits: GroupCommit
  readonly #waiters = new Set<{ readonly seq: number; readonly wake: () => void }>()
  #queuedBytes = 0
  #closed = false
  #held: AsyncDisposable | undefined

  constructor(
    options: AuditLogOptions & { readonly recordBytesMax: number },
    state: LogState,
    recovered: RecoveredLog,
    appender: SegmentAppender,
  ) {
    this.writerId = state.writerId
    this.#options = options
    this.#ledger = new RequestLedger(recovered.open)
    this.#stock = new LogStock(options, state, recovered, () => this.#ledger.openRequests())
    this.#commits = new GroupCommit(state.writerId, recovered.head, appender)
  }

  get durableSeq(): number {
    return this.#commits.durableSeq
  }

  get firstSeq(): number {
    return this.#stock.firstSeq
  }

  get ackedSeq(): number {
    return this.#stock.ackedSeq
  }

  get usage() {
    return {
      capacityBytes: this.#options.capacityBytes,
      unshippedBytes: this.#stock.unshippedBytes,
      reservedBytes: this.#ledger.count * this.#options.endRecordBytesMax,
    }
  }

  /** Records what the former process left open, and this start. Room is not asked: these must be said. */
  async start(recovered: RecoveredLog): Promise<void> {
    const ends = recovered.open.map((request) => {
      this.#ledger.ending(request.requestId)
      return this.#append({ ...request, type: 'response.unknown_crash', data: { acceptedSeq: request.acceptedSeq } })
    })
    const data = { pid: process.pid, closedRequests: ends.length, tornBytes: recovered.tornBytes }
    const said = await Promise.allSettled([...ends, this.#append({ type: 'writer.started', data })])
    const failure = said.find((one) => one.status === 'rejected')
    if (failure !== undefined) throw failure.reason
  }

  /** Takes over what must be given back when the log is closed. */
  adopt(held: AsyncDisposable): void {
    this.#held = held
  }

  reserve(requestId: string): boolean {
    if (this.#ledger.has(requestId)) return true
    if (this.#closed || this.#roomBytes() < this.#options.endRecordBytesMax) return false
    this.#ledger.reserve(requestId)
    return true
  }

  release(requestId: string): void {
    this.#ledger.release(requestId)
  }

  async append(entry: AuditEntry): Promise<AppendedRecord> {
    RecordRequestId.parse(entry.requestId)
    if (this.#closed) throw new AuditUnavailable('closed', 'the audit log is closed')
    if (isTerminal(entry.type)) this.#ledger.ending(entry.requestId)
    else if (entry.type === 'request.accepted') {
      if (!this.reserve(entry.requestId)) throw full()
      this.#ledger.accepting(entry.requestId)
    }
    return this.#append(entry)
  }

  openRequests(): OpenRequest[] {
    return this.#ledger.openRequests()
  }

  read(fromSeq: number, limits: { readonly bytesMax: number }): Promise<{ records: string[]; nextSeq: number }> {
    return this.#stock.read(fromSeq, limits.bytesMax)
  }

  async untilDurable(seq: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (seq <= this.durableSeq) return
    await new Promise<void>((resolve, reject) => {
      const waiter = { seq, wake: () => (signal.removeEventListener('abort', abort), resolve()) }
      const abort = () => (this.#waiters.delete(waiter), reject(signal.reason))
      signal.addEventListener('abort', abort, { once: true })
      this.#waiters.add(waiter)
    })
  }

  async free(uptoSeq: number): Promise<void> {
    if (uptoSeq > this.durableSeq) {
      throw new RangeError(`the archive has seq ${uptoSeq}, but this log ends at ${this.durableSeq}: records are lost`)
    }
    await this.#stock.free(uptoSeq)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#commits.settled()
    await using _held = this.#held
    await this.#stock.close()
  }

  #append(entry: Fact): Promise<AppendedRecord> {
    const { type, requestId } = entry
    const record = this.#bounded(entry)
    const settle = this.#settlement(record, requestId)
    const { promise, resolve, reject } = Promise.withResolvers<AppendedRecord>()
    // End records have their own room, and what the log says about itself asks for none.
    const chargedBytes = isTerminal(type) || type === 'writer.started' ? 0 : record.bytesMax
    if (chargedBytes > 0 && chargedBytes > this.#roomBytes()) {
      settle(undefined)
      reject(full())
      return promise
    }
    this.#queuedBytes += chargedBytes
    this.#commits.add({
      ...record,
      committed: (committed) => {
        this.#queuedBytes -= chargedBytes
        this.#stock.add(committed)
        settle(committed)
        this.#wake(committed.seq)
        resolve({ seq: committed.seq, at: committed.at, hash: committed.hash })
      },
      failed: (error) => {
        this.#queuedBytes -= chargedBytes
        settle(undefined)
        reject(error)
      },
    })
    return promise
  }

  #bounded(entry: Fact): PendingRecord {
    const correlationId = boundedCorrelationId(entry.correlationId)
    const fixed = {
      type: entry.type,
      at: new Date(this.#options.clock()).toISOString(),
      ...(entry.requestId === undefined ? {} : { requestId: entry.requestId }),
      ...(correlationId === undefined ? {} : { correlationId }),
    }
    const longest = { ...fixed, dataJson: '', seq: Number.MAX_SAFE_INTEGER, writerId: this.writerId, prev: genesisHash }
    const envelopeBytes = Buffer.byteLength(sealRecord(longest).line) + 1
    const { endRecordBytesMax, recordBytesMax } = this.#options
    const bytesMax = isTerminal(entry.type) ? endRecordBytesMax : recordBytesMax
    const dataJson = boundedDataJson(entry.data, bytesMax - envelopeBytes)
    return { ...fixed, dataJson, bytesMax: envelopeBytes + Buffer.byteLength(dataJson) }
  }

  /** What the outcome of a record, durable or not, means for its request. */
  #settlement({ type, correlationId }: PendingRecord, requestId: string | undefined) {
    return (committed: CommittedRecord | undefined): void => {
      if (requestId === undefined) return
      if (isTerminal(type)) {
        if (committed === undefined) this.#ledger.endFailed(requestId)
        else this.#ledger.ended(requestId)
      } else if (type === 'request.accepted') {
        if (committed === undefined) this.#ledger.dropped(requestId)
        else {
          const correlation = correlationId === undefined ? {} : { correlationId }
          this.#ledger.accepted({ requestId, acceptedSeq: committed.seq, ...correlation })
        }
      }
    }
  }

  #roomBytes(): number {
    const { capacityBytes, unshippedBytes, reservedBytes } = this.usage
    return capacityBytes - unshippedBytes - reservedBytes - this.#queuedBytes
  }

  #wake(seq: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.seq > seq) continue
      this.#waiters.delete(waiter)
      waiter.wake()
    }
  }
}

const full = (): AuditUnavailable =>
  new AuditUnavailable('full', 'the audit log has no room: records wait for the archive')
