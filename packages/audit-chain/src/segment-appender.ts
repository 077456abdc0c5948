import { chmod } from 'node:fs/promises'
import { DurableFile } from './durable-file.ts'
import { segmentPath } from './segment-files.ts'

export interface SegmentAppenderOptions {
  readonly dir: string
  /** A segment that has reached this size takes no more records. */
  readonly segmentBytes: number
  /** Mode of segments that take no more records; unset leaves it. */
  readonly closedMode?: number
}

/** Where the folder's last segment ends for good. */
export interface SegmentEnd {
  readonly firstSeq: number
  readonly bytes: number
}

/** Appends to a folder of segments, as durably as `DurableFile`, and begins the next segment when the last is full. */
export class SegmentAppender implements AsyncDisposable {
  readonly #options: SegmentAppenderOptions
  #last: { readonly firstSeq: number; readonly file: DurableFile } | undefined

  constructor(options: SegmentAppenderOptions, end?: SegmentEnd) {
    this.#options = options
    if (end !== undefined) {
      this.#last = { firstSeq: end.firstSeq, file: new DurableFile(segmentPath(options.dir, end.firstSeq), end.bytes) }
    }
  }

  /** Appends whole lines, the first of which has `firstSeq`. One call at a time. Throws what the disk says. */
  async append(firstSeq: number, lines: Uint8Array): Promise<{ readonly segment: number; readonly offset: number }> {
    if (this.#last === undefined || this.#last.file.bytes >= this.#options.segmentBytes) await this.#roll(firstSeq)
    const { firstSeq: segment, file } = this.#last!
    return { segment, offset: await file.append(lines) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last?.file[Symbol.asyncDispose]()
  }

  async #roll(firstSeq: number): Promise<void> {
    const { dir, closedMode } = this.#options
    // What a torn write left behind the last segment must go before that counts as closed.
    await this.#last?.file.append(new Uint8Array())
    // A file of the new name can only be left from a roll that failed: its first record was never durable.
    const file = await DurableFile.create(segmentPath(dir, firstSeq))
    if (this.#last !== undefined && closedMode !== undefined) await chmod(this.#last.file.path, closedMode)
    await this.#last?.file[Symbol.asyncDispose]()
    this.#last = { firstSeq, file }
  }
}
