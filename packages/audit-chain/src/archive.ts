import type { KeyObject } from 'node:crypto'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ArchivedWriter, refused, type ArchiveAnswer } from './archived-writer.ts'
import { AuditDirDamaged } from './audit-errors.ts'
import { CheckpointLog } from './checkpoint-log.ts'
import { lockDir } from './dir-lock.ts'
import { syncDir } from './durable-file.ts'
import { WriterId } from './record.ts'
import { loadSigningKey } from './signing-key.ts'

export interface ArchiveOptions {
  readonly dir: string
  /** A segment that has reached this size becomes read-only (0444). */
  readonly segmentBytes: number
  /** A writer's records are signed for after this many (default 1000), and all new ones each `checkpointEveryMs` (10 s). */
  readonly checkpointEveryRecords?: number
  readonly checkpointEveryMs?: number
  /** Bound of the writers taken, each of which keeps a file open. Default 1000. */
  readonly writersMax?: number
  /** Epoch ms. */
  readonly clock: () => number
  /** Ed25519 private key. Unset: the archive's own, made at its first start. */
  readonly signingKey?: KeyObject
  /** Told of checkpoints that could not be stored. The next one covers the same records. */
  readonly onCheckpointFailure: (error: unknown) => void
}

/** The audit service's store: each writer's chain in segments, and signed checkpoints over them. */
export interface Archive extends AsyncDisposable {
  readonly keyId: string
  /** Writers whose archived records do not verify, and why. Their batches are refused. */
  readonly damaged: ReadonlyMap<string, AuditDirDamaged>
  /**
   * Archives a batch of consecutive records, lines without line feed. Answers `archived` when it is on disk; records that
   * are archived already are passed over. Refuses with a reason and the seq it wants next. Throws when the disk fails.
   */
  append(writerId: string, lines: readonly string[]): Promise<ArchiveAnswer>
  /** Signs for all records that no checkpoint covers yet. */
  checkpoint(): Promise<void>
}

/** Opens an archive for this process alone and reads all of it. Throws AuditDirLocked, or AuditDirDamaged for its checkpoints. */
export const openArchive = async (options: ArchiveOptions): Promise<Archive> => {
  await mkdir(join(options.dir, 'writers'), { recursive: true, mode: 0o700 })
  await using held = new AsyncDisposableStack()
  held.use(await lockDir(options.dir))
  const key = await loadSigningKey(options.dir, options.signingKey)
  const checkpoints = held.use(await CheckpointLog.open(options.dir, key, options.clock))
  const archive = new FolderArchive(options, key.keyId, checkpoints)
  held.use(archive.writers)
  await archive.load()
  archive.begin(held.move())
  return archive
}

class FolderArchive implements Archive {
  readonly keyId: string
  readonly damaged = new Map<string, AuditDirDamaged>()
  /** Closes all writers. */
  readonly writers = new AsyncDisposableStack()
  readonly #options: ArchiveOptions
  readonly #checkpoints: CheckpointLog
  readonly #byId = new Map<string, ArchivedWriter>()
  readonly #turns = new Map<string, Promise<unknown>>()
  #checkpointing: Promise<unknown> = Promise.resolve()
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #held: AsyncDisposable | undefined

  constructor(options: ArchiveOptions, keyId: string, checkpoints: CheckpointLog) {
    this.#options = options
    this.keyId = keyId
    this.#checkpoints = checkpoints
  }

  async load(): Promise<void> {
    const stored = await readdir(join(this.#options.dir, 'writers'))
    for (const writerId of new Set([...stored, ...this.#checkpoints.latest.keys()])) {
      try {
        await this.#open(writerId)
      } catch (error) {
        if (!(error instanceof AuditDirDamaged)) throw error
        this.damaged.set(writerId, error)
      }
    }
  }

  begin(held: AsyncDisposable): void {
    this.#held = held
    this.#timer = setInterval(() => this.#checkpointAside(), this.#options.checkpointEveryMs ?? 10_000)
    this.#timer.unref()
  }

  async append(writerId: string, lines: readonly string[]): Promise<ArchiveAnswer> {
    if (this.#closed) throw new Error('the archive is closed')
    const before = this.#turns.get(writerId)
    const answer =
      before === undefined ? this.#append(writerId, lines) : before.then(() => this.#append(writerId, lines))
    const turn = Promise.allSettled([answer]).then(() => {
      if (this.#turns.get(writerId) === turn) this.#turns.delete(writerId)
    })
    this.#turns.set(writerId, turn)
    return answer
  }

  async checkpoint(): Promise<void> {
    const signed = this.#checkpointing.then(() => this.#checkpoint())
    this.#checkpointing = Promise.allSettled([signed])
    await signed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#timer)
    await Promise.all(this.#turns.values())
    await using _held = this.#held
    await this.checkpoint()
  }

  async #append(writerId: string, lines: readonly string[]): Promise<ArchiveAnswer> {
    const damage = this.damaged.get(writerId)
    if (damage !== undefined) return refused('archive_damaged', 0, damage.message)
    const writer = this.#byId.get(writerId) ?? (await this.#admit(writerId))
    if (writer === undefined) return refused('too_many_writers', 0, `the archive has ${this.#byId.size} writers`)
    const answer = await writer.append(lines)
    const due = this.#options.checkpointEveryRecords ?? 1000
    if (writer.treeSize - writer.checkpointedSize >= due) this.#checkpointAside()
    return answer
  }

  async #admit(writerId: string): Promise<ArchivedWriter | undefined> {
    if (this.#byId.size + this.damaged.size >= (this.#options.writersMax ?? 1000)) return undefined
    return this.#open(WriterId.parse(writerId))
  }

  async #open(writerId: string): Promise<ArchivedWriter> {
    const dir = join(this.#options.dir, 'writers', writerId)
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await syncDir(join(this.#options.dir, 'writers'))
    const options = { writerId, dir, segmentBytes: this.#options.segmentBytes }
    const writer = this.writers.use(await ArchivedWriter.open(options, this.#checkpoints.latest.get(writerId)))
    this.#byId.set(writerId, writer)
    return writer
  }

  #checkpointAside(): void {
    this.checkpoint().catch(this.#options.onCheckpointFailure)
  }

  async #checkpoint(): Promise<void> {
    for (const [writerId, writer] of this.#byId) {
      const { treeSize } = writer
      if (treeSize === writer.checkpointedSize) continue
      await this.#checkpoints.append(writerId, treeSize, writer.rootHash())
      writer.checkpointedSize = treeSize
    }
  }
}
