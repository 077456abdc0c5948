import { constants } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AuditDirDamaged } from './audit-errors.ts'

/** Makes the names in a folder durable: files that were created, renamed or removed. */
export const syncDir = async (dir: string): Promise<void> => {
  await using handle = await open(dir, 'r')
  await handle.sync()
}

/** Replaces a small file as a whole: after a crash it holds the old content or the new, never a part. */
export const replaceFile = async (path: string, content: string | Uint8Array, mode = 0o600): Promise<void> => {
  const draft = `${path}.draft`
  {
    await using handle = await open(draft, 'w', mode)
    await handle.writeFile(content)
    await handle.sync()
  }
  await rename(draft, path)
  await syncDir(dirname(path))
}

/** Whether an error of the file system has this code, e.g. `ENOENT`. */
export const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

/**
 * A file that only grows, durably: one append at a time, answered when its bytes are on disk. One that fails leaves nothing behind:
 * before the next one the file is opened anew and cut back to its last durable byte.
 */
export class DurableFile implements AsyncDisposable {
  readonly path: string
  #bytes: number
  #handle: FileHandle | undefined

  /** `bytes` of the existing file count; what lies behind them goes with the first append. */
  constructor(path: string, bytes: number) {
    this.path = path
    this.#bytes = bytes
  }

  /** An empty file of that name, emptied if it exists. */
  static async create(path: string): Promise<DurableFile> {
    {
      await using handle = await open(path, 'w', 0o600)
      await handle.sync()
    }
    await syncDir(dirname(path))
    return new DurableFile(path, 0)
  }

  /** Durable bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Resolves to the position of the first byte. Throws what the disk says. */
  async append(content: Uint8Array): Promise<number> {
    const offset = this.#bytes
    try {
      const handle = (this.#handle ??= await reopenedAt(this.path, offset))
      await writeAllAt(handle, content, offset)
    } catch (error) {
      await this[Symbol.asyncDispose]()
      throw error
    }
    this.#bytes += content.length
    return offset
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    // All that counts is durable; a descriptor that cannot be closed has failed an append before.
    if (handle !== undefined) await Promise.allSettled([handle.close()])
  }
}

/** Writes all bytes at a position; a write may take only a part of them. */
const writeAllAt = async (handle: FileHandle, content: Uint8Array, position: number): Promise<void> => {
  let written = 0
  while (written < content.length) {
    const { bytesWritten } = await handle.write(content, written, content.length - written, position + written)
    written += bytesWritten
  }
}

const reopenedAt = async (path: string, bytes: number): Promise<FileHandle> => {
  // Each write is durable when it returns (as with fdatasync after it, but one trip to the thread pool less: 0.1 ms).
  const handle = await open(path, constants.O_RDWR | constants.O_DSYNC)
  try {
    const { size } = await handle.stat()
    if (size < bytes) throw new AuditDirDamaged(`${path} has ${size} bytes, but ${bytes} were durable`)
    if (size > bytes) {
      await handle.truncate(bytes)
      await handle.sync()
    }
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}
