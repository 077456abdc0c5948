import { segmentPath } from './segment-files.ts'

/** Where the records of the local log lie, byte by byte. Eight bytes of memory per record that is still on disk. */
export class LogIndex {
  readonly #dir: string
  readonly #segments: { readonly firstSeq: number; readonly ends: number[] }[] = []

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Seq of the oldest record on disk, or of the first one to come. */
  get firstSeq(): number {
    return this.#segments[0]?.firstSeq ?? 0
  }

  /** Notes that the next record ends at byte `end` of a segment; with no end, that the segment exists. */
  add(segment: number, end?: number): void {
    let last = this.#segments.at(-1)
    if (last?.firstSeq !== segment) this.#segments.push((last = { firstSeq: segment, ends: [] }))
    if (end !== undefined) last.ends.push(end)
  }

  /** Bytes of the records `fromSeq` to `toSeq`, both included. */
  bytesOf(fromSeq: number, toSeq: number): number {
    let bytes = 0
    for (const { firstSeq, ends } of this.#segments) {
      const from = Math.max(fromSeq - firstSeq, 0)
      const to = Math.min(toSeq - firstSeq, ends.length - 1)
      if (from <= to) bytes += ends[to]! - (ends[from - 1] ?? 0)
    }
    return bytes
  }

  /** The bytes of as many records from `seq` on as fit and lie in one segment; at least one record. */
  span(seq: number, bytesMax: number): { path: string; start: number; end: number; count: number } | undefined {
    const segment = this.#segments.findLast(({ firstSeq, ends }) => firstSeq <= seq && seq < firstSeq + ends.length)
    if (segment === undefined) return undefined
    const { firstSeq, ends } = segment
    const start = ends[seq - firstSeq - 1] ?? 0
    let count = 1
    while (seq - firstSeq + count < ends.length && ends[seq - firstSeq + count]! - start <= bytesMax) count += 1
    return { path: segmentPath(this.#dir, firstSeq), start, end: ends[seq - firstSeq + count - 1]!, count }
  }

  /** The oldest segments that hold nothing beyond `seq`. The segment of the last record is never among them. */
  segmentsThrough(seq: number): { readonly firstSeq: number; readonly nextSeq: number }[] {
    const through: { firstSeq: number; nextSeq: number }[] = []
    for (const [at, { firstSeq }] of this.#segments.entries()) {
      const next = this.#segments[at + 1]
      if (next === undefined || next.ends.length === 0 || next.firstSeq > seq + 1) break
      through.push({ firstSeq, nextSeq: next.firstSeq })
    }
    return through
  }

  /** Forgets the oldest segment. */
  dropFirst(): void {
    this.#segments.shift()
  }
}
