import { chmod } from 'node:fs/promises'
import { AuditDirDamaged } from './audit-errors.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { ChainHead } from './log-recovery.ts'
import { MerkleAccumulator } from './merkle.ts'
import { checkLine, genesisHash, type AuditRecord } from './record.ts'
import { SegmentAppender, type SegmentEnd } from './segment-appender.ts'
import { listSegments, readLines } from './segment-files.ts'
import { setTailAside } from './torn-tail.ts'

/** More than any batch that a writer ships. */
const tornBytesMax = 32 * 1024 * 1024

/** Why the archive does not take a batch. Nothing of it was written. */
export type ArchiveRefusal =
  /** A line is no intact record, or the lines do not follow each other. */
  | 'broken_batch'
  /** The batch begins after the record that is expected. */
  | 'gap'
  /** The batch tells another story than what is archived: the writer's disk went back in time, or someone changed it. */
  | 'conflict'
  /** What is archived of this writer does not verify. */
  | 'archive_damaged'
  | 'too_many_writers'

export type ArchiveAnswer =
  | { readonly kind: 'archived'; readonly durableSeq: number }
  | {
      readonly kind: 'refused'
      readonly reason: ArchiveRefusal
      readonly expectedSeq: number
      readonly message: string
    }

export interface ArchivedWriterOptions {
  readonly writerId: string
  readonly dir: string
  readonly segmentBytes: number
}

/** One writer's part of the archive. One `append` at a time. */
export class ArchivedWriter implements AsyncDisposable {
  readonly #options: ArchivedWriterOptions
  readonly #merkle: MerkleAccumulator
  readonly #appender: SegmentAppender
  #head: ChainHead
  /** Records under the last checkpoint. */
  checkpointedSize: number

  private constructor(options: ArchivedWriterOptions, scan: ArchiveScan, checkpointedSize: number) {
    this.#options = options
    this.#merkle = scan.merkle
    this.#head = scan.head
    this.#appender = new SegmentAppender({ ...options, closedMode: 0o444 }, scan.end)
    this.checkpointedSize = checkpointedSize
  }

  /** Reads what is archived. Throws AuditDirDamaged when it is not what the checkpoint says. */
  static async open(options: ArchivedWriterOptions, checkpoint: Checkpoint | undefined): Promise<ArchivedWriter> {
    return new ArchivedWriter(options, await scanArchived(options, checkpoint), checkpoint?.treeSize ?? 0)
  }

  get treeSize(): number {
    return this.#merkle.size
  }

  rootHash(): string {
    return this.#merkle.rootHash()
  }

  /** Archives what is new of a batch of consecutive records. Answers when that is durable. Throws what the disk says. */
  async append(lines: readonly string[]): Promise<ArchiveAnswer> {
    const expectedSeq = this.#head.seq + 1
    const batch = consecutive(this.#options.writerId, lines)
    if (typeof batch === 'string') return refused('broken_batch', expectedSeq, batch)
    const first = batch[0]
    const last = batch.at(-1)
    if (first === undefined || last === undefined) return { kind: 'archived', durableSeq: this.#head.seq }
    if (first.seq > expectedSeq) return refused('gap', expectedSeq, `the batch begins at seq ${first.seq}`)
    const fresh = lines.slice(expectedSeq - first.seq)
    // The batch is one chain: when it agrees with the archive in one hash, it agrees in all records before.
    const common = fresh.length > 0 ? this.#head : { seq: last.seq, hash: await this.#hashAt(last.seq) }
    if ((batch[common.seq - first.seq]?.hash ?? first.prev) !== common.hash) {
      return refused('conflict', expectedSeq, `seq ${common.seq} is archived with another hash`)
    }
    if (fresh.length === 0) return { kind: 'archived', durableSeq: this.#head.seq }
    await this.#appender.append(expectedSeq, Buffer.from(`${fresh.join('\n')}\n`))
    for (const line of fresh) this.#merkle.append(Buffer.from(line))
    this.#head = { seq: last.seq, hash: last.hash }
    return { kind: 'archived', durableSeq: last.seq }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#appender[Symbol.asyncDispose]()
  }

  /** Reads the segment: only asked for a batch of old records, which is what a writer sends whose answer was lost. */
  async #hashAt(seq: number): Promise<string | undefined> {
    if (seq === this.#head.seq) return this.#head.hash
    const segment = (await listSegments(this.#options.dir)).findLast(({ firstSeq }) => firstSeq <= seq)
    if (segment === undefined) return undefined
    for await (const line of readLines(segment.path)) {
      if (line.number !== seq - segment.firstSeq + 1) continue
      const check = checkLine(line.bytes)
      return check.kind === 'intact' ? check.record.hash : undefined
    }
    return undefined
  }
}

/** A refusal of a batch. */
export const refused = (reason: ArchiveRefusal, expectedSeq: number, message: string): ArchiveAnswer => ({
  kind: 'refused',
  reason,
  expectedSeq,
  message,
})

const consecutive = (writerId: string, lines: readonly string[]): AuditRecord[] | string => {
  const batch: AuditRecord[] = []
  for (const line of lines) {
    const check = checkLine(Buffer.from(line))
    if (check.kind !== 'intact') return `line ${batch.length + 1}: ${check.message}`
    const { record } = check
    const previous = batch.at(-1)
    if (record.writerId !== writerId) return `line ${batch.length + 1} is a record of ${record.writerId}`
    if (record.seq === 0 && record.prev !== genesisHash) return 'the first record must follow 64 zeros'
    if (previous !== undefined && (record.seq !== previous.seq + 1 || record.prev !== previous.hash)) {
      return `line ${batch.length + 1} does not follow seq ${previous.seq}`
    }
    batch.push(record)
  }
  return batch
}

interface ArchiveScan {
  readonly merkle: MerkleAccumulator
  readonly head: ChainHead
  readonly end?: SegmentEnd
}

const scanArchived = async (
  options: ArchivedWriterOptions,
  checkpoint: Checkpoint | undefined,
): Promise<ArchiveScan> => {
  const segments = await listSegments(options.dir)
  const merkle = new MerkleAccumulator()
  let head: ChainHead = { seq: -1, hash: genesisHash }
  let end: SegmentEnd | undefined
  let rootHash = checkpoint === undefined ? undefined : 'not reached'
  for (const [at, segment] of segments.entries()) {
    const isLast = at === segments.length - 1
    // A crash between beginning a segment and closing the one before leaves that writable.
    if (!isLast) await chmod(segment.path, 0o444)
    if (segment.firstSeq !== head.seq + 1)
      throw new AuditDirDamaged(`${segment.path} should begin with seq ${head.seq + 1}`)
    let bytes = 0
    for await (const line of readLines(segment.path)) {
      const check = line.terminated ? checkLine(line.bytes) : { kind: 'torn' as const, message: 'the line has no end' }
      // Behind the last checkpoint this is a batch that a crash tore; its writer has it still and sends it again.
      if (check.kind !== 'intact' && isLast && merkle.size >= (checkpoint?.treeSize ?? 0)) {
        await setTailAside(options.dir, segment.path, bytes, tornBytesMax)
        break
      }
      if (check.kind !== 'intact') throw new AuditDirDamaged(`${segment.path}:${line.number}: ${check.message}`)
      const { seq, hash, prev } = check.record
      if (seq !== head.seq + 1 || prev !== head.hash || check.record.writerId !== options.writerId) {
        throw new AuditDirDamaged(`${segment.path}:${line.number}: does not follow seq ${head.seq}`)
      }
      merkle.append(line.bytes)
      head = { seq, hash }
      bytes = line.end
      if (merkle.size === checkpoint?.treeSize) rootHash = merkle.rootHash()
    }
    end = { firstSeq: segment.firstSeq, bytes }
  }
  if (rootHash !== checkpoint?.rootHash) {
    throw new AuditDirDamaged(
      `${options.dir}: the first ${checkpoint?.treeSize} records are not those of the checkpoint`,
    )
  }
  return { merkle, head, ...(end === undefined ? {} : { end }) }
}
