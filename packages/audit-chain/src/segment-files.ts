import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** A file of consecutive records, named by the seq of its first one. */
export interface SegmentFile {
  readonly firstSeq: number
  readonly path: string
}

/** One line of a file: its bytes without the line feed, and where it lies. */
export interface FileLine {
  readonly bytes: Buffer
  readonly number: number
  /** Byte after its line feed; the file's next line begins here. */
  readonly end: number
  /** False for a last line without line feed: a write that was cut off, or is under way. */
  readonly terminated: boolean
}

/** Longest line that is read as one. Longer ones are no records: nothing writes them. */
const lineBytesMax = 32 * 1024 * 1024
const chunkBytes = 1024 * 1024

/** Path of the segment that begins with `firstSeq`. Sixteen digits hold every safe integer. */
export const segmentPath = (dir: string, firstSeq: number): string =>
  join(dir, `${String(firstSeq).padStart(16, '0')}.jsonl`)

/** The folder's segments in order of their records. */
export const listSegments = async (dir: string): Promise<SegmentFile[]> => {
  const names = (await readdir(dir)).filter((name) => /^\d{16}\.jsonl$/.test(name)).sort()
  return names.map((name) => ({ firstSeq: Number.parseInt(name, 10), path: join(dir, name) }))
}

/** Reads a file's lines one after the other, up to `bytesMax` of it. A line beyond 32 MiB ends the reading, unterminated. */
export async function* readLines(path: string, bytesMax = Infinity): AsyncGenerator<FileLine> {
  await using handle = await open(path, 'r')
  let carry: Buffer = Buffer.alloc(0)
  let carryStart = 0
  let number = 0
  for (let position = 0; position < bytesMax;) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, bytesMax - position))
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position)
    if (bytesRead === 0) break
    position += bytesRead
    const bytes = Buffer.concat([carry, chunk.subarray(0, bytesRead)])
    let start = 0
    for (let feed = bytes.indexOf(10); feed !== -1; feed = bytes.indexOf(10, start)) {
      number += 1
      yield { bytes: bytes.subarray(start, feed), number, end: carryStart + feed + 1, terminated: true }
      start = feed + 1
    }
    carry = bytes.subarray(start)
    carryStart += start
    if (carry.length > lineBytesMax) break
  }
  if (carry.length > 0) {
    yield { bytes: carry, number: number + 1, end: carryStart + carry.length, terminated: false }
  }
}
