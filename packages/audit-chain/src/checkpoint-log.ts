import { AuditDirDamaged } from './audit-errors.ts'
import { checkpointsPath, parseCheckpoint, sealCheckpoint, type Checkpoint } from './checkpoint.ts'
import { DurableFile, hasCode } from './durable-file.ts'
import { genesisHash, sha256Hex } from './record.ts'
import { readLines } from './segment-files.ts'
import type { SigningKey } from './signing-key.ts'

/** The archive's chain of checkpoints. One `append` at a time. */
export class CheckpointLog implements AsyncDisposable {
  readonly #file: DurableFile
  readonly #key: SigningKey
  readonly #clock: () => number
  #lastHash: string
  /** Last checkpoint of each writer, as found when the log was opened. */
  readonly latest: ReadonlyMap<string, Checkpoint>

  private constructor(
    file: DurableFile,
    lastHash: string,
    latest: Map<string, Checkpoint>,
    key: SigningKey,
    clock: () => number,
  ) {
    this.#file = file
    this.#lastHash = lastHash
    this.latest = latest
    this.#key = key
    this.#clock = clock
  }

  /** Reads the checkpoints of an archive; a last line without end is cut. Throws AuditDirDamaged when the chain is broken. */
  static async open(archiveDir: string, key: SigningKey, clock: () => number): Promise<CheckpointLog> {
    const path = checkpointsPath(archiveDir)
    const latest = new Map<string, Checkpoint>()
    let hash = genesisHash
    let bytes = 0
    try {
      for await (const line of readLines(path)) {
        if (!line.terminated) break
        const checkpoint = parseCheckpoint(line.bytes)
        if (checkpoint?.prevCheckpointHash !== hash) {
          throw new AuditDirDamaged(`${path}:${line.number}: not the checkpoint that follows the line before`)
        }
        latest.set(checkpoint.writerId, checkpoint)
        hash = sha256Hex(line.bytes)
        bytes = line.end
      }
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
      await DurableFile.create(path)
    }
    return new CheckpointLog(new DurableFile(path, bytes), hash, latest, key, clock)
  }

  /** Signs and stores a checkpoint. Resolves when it is durable. */
  async append(writerId: string, treeSize: number, rootHash: string): Promise<void> {
    const at = new Date(this.#clock()).toISOString()
    const line = sealCheckpoint(
      { v: 1, writerId, treeSize, rootHash, at, prevCheckpointHash: this.#lastHash },
      this.#key,
    )
    await this.#file.append(Buffer.from(`${line}\n`))
    this.#lastHash = sha256Hex(line)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]()
  }
}
