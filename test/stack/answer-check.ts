/** Where a received answer first left the expected one. */
export interface Divergence {
  readonly atByte: number
  readonly expected: string
  readonly received: string
}

/** Compares an answer with the oracle while it arrives, byte by byte. */
export class AnswerCheck {
  readonly #expected: Buffer
  #received = 0
  #right = 0
  #divergence: Divergence | null = null

  constructor(expected: Buffer) {
    this.#expected = expected
  }

  /** Takes the next text of the answer. */
  take(text: string): void {
    const bytes = Buffer.from(text)
    const start = this.#received
    this.#received += bytes.length
    if (this.#divergence !== null) return
    const equal = equalBytes(bytes, this.#expected, start)
    this.#right += equal
    if (equal < bytes.length) {
      const at = start + equal
      this.#divergence = {
        atByte: at,
        expected: excerpt(this.#expected, at),
        received: excerpt(bytes, equal),
      }
    }
  }

  get divergence(): Divergence | null {
    return this.#divergence
  }

  get receivedBytes(): number {
    return this.#received
  }

  /** Bytes missing, doubled or different. An answer that was cut off is not blamed for what did not come. */
  bytesWrong(complete: boolean): number {
    const compared = complete ? Math.max(this.#received, this.#expected.length) : this.#received
    return compared - this.#right
  }
}

/** How many of `bytes` equal `whole` from `start` on, before the first that does not. */
const equalBytes = (bytes: Buffer, whole: Buffer, start: number): number => {
  if (bytes.equals(whole.subarray(start, start + bytes.length))) return bytes.length
  let equal = 0
  while (equal < bytes.length && bytes[equal] === whole[start + equal]) equal++
  return equal
}

const excerpt = (bytes: Buffer, at: number): string => bytes.toString('utf8', at, at + 24)
