import { genesisHash, type AuditRecord, type LineCheck } from './record.ts'
import type { LinePlace, ProblemKind, ReportProblem, VerifyProblem } from './verify-report.ts'

/** Removed ranges that are remembered, to recognise records that were only moved. */
const gapsMax = 1000

/**
 * Follows one writer's chain line by line and names what breaks it. After a break it goes on from what it finds, so that
 * one change is reported about once.
 */
export class ChainCheck {
  readonly #writerId: string
  readonly #report: ReportProblem
  #firstSeq = -1
  #expectedSeq = 0
  /** Hashes that the next record may follow; empty when that cannot be known. */
  #hashes: readonly string[] = [genesisHash]
  #before: LinePlace | undefined
  /** Unreadable or edited lines since the last intact record: each stands for a record, or was put in. */
  #doubtful = 0
  readonly #gaps: { from: number; to: number; problem: Mutable<VerifyProblem> }[] = []
  #isBroken = false

  constructor(writerId: string, report: ReportProblem) {
    this.#writerId = writerId
    this.#report = report
  }

  /** Whether anything was wrong so far. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /** First seq seen; -1 before any. */
  get firstSeq(): number {
    return this.#firstSeq
  }

  /** Seq after the last one seen. */
  get nextSeq(): number {
    return this.#expectedSeq + this.#doubtful
  }

  take(check: LineCheck, place: LinePlace): void {
    if (check.kind === 'intact' && check.record.writerId === this.#writerId) return this.#intact(check.record, place)
    const message = check.kind === 'intact' ? `the record is of ${check.record.writerId}` : check.message
    this.#problem(check.kind === 'intact' ? 'inserted' : check.kind, this.nextSeq, place, message)
    this.#doubtful += 1
  }

  #intact(record: AuditRecord, place: LinePlace): void {
    const { seq } = record
    if (this.#firstSeq === -1) this.#firstSeq = seq
    if (seq < this.#expectedSeq) return this.#outOfPlace(record, place)
    const doubted = this.#doubtful
    const missingFrom = this.#expectedSeq + doubted
    if (seq > missingFrom) this.#gap(missingFrom, seq - 1, place)
    else if (seq === this.#expectedSeq && this.#hashes.length > 0 && !this.#hashes.includes(record.prev)) {
      this.#unlinked(seq, place)
    }
    this.#expectedSeq = seq + 1
    this.#doubtful = 0
    this.#hashes = [record.hash]
    this.#before = place
  }

  /** The record before was changed together with its hash: this one still names the hash that it had. */
  #unlinked(seq: number, place: LinePlace): void {
    if (seq === 0) this.#problem('edited', 0, place, 'the first record must follow 64 zeros')
    else
      this.#problem(
        'edited',
        seq - 1,
        this.#before ?? place,
        `seq ${seq} follows another record than seq ${seq - 1} is`,
      )
  }

  #gap(from: number, to: number, place: LinePlace): void {
    const what = from === to ? `seq ${from} is` : `seqs ${from} to ${to} are`
    const problem = this.#problem('removed', from, place, `${what} missing before this line`)
    if (this.#gaps.length < gapsMax) this.#gaps.push({ from, to, problem })
  }

  #outOfPlace(record: AuditRecord, place: LinePlace): void {
    const { seq } = record
    const gap = this.#gaps.find(({ from, to }) => from <= seq && seq <= to)
    if (gap === undefined) {
      this.#problem('inserted', seq, place, `a second record of seq ${seq}`)
    } else if (gap.problem.kind === 'removed') {
      gap.problem.kind = 'reordered'
      gap.problem.message = `seq ${seq} stands in line ${place.line} of ${place.file}, out of order`
    }
    // What follows may have been written after this record or after the one that took its place.
    this.#hashes = [...this.#hashes.slice(-1), record.hash]
  }

  #problem(kind: ProblemKind, seq: number, place: LinePlace, message: string): Mutable<VerifyProblem> {
    this.#isBroken = true
    const problem = { writerId: this.#writerId, seq, ...place, kind, message }
    this.#report(problem)
    return problem
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
