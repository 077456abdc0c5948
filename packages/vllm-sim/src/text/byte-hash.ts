const offset = 0x811c9dc5
const prime = 0x01000193
const secondOffset = 0x9747b28c
const secondPrime = 0x5bd1e995

/** Running 64-bit hash of a byte sequence, kept as two 32-bit lanes: cheap per byte, and the same for any way of cutting the bytes. */
export class ByteHash {
  #first = offset
  #second = secondOffset

  update(bytes: Uint8Array, start = 0, end = bytes.length): this {
    let first = this.#first
    let second = this.#second
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number
      first = Math.imul(first ^ byte, prime)
      second = Math.imul(((second << 5) | (second >>> 27)) ^ byte, secondPrime)
    }
    this.#first = first
    this.#second = second
    return this
  }

  /** An evenly spread unsigned 32-bit number of the bytes so far; different salts give independent numbers. */
  digest(salt: number): number {
    let mixed = this.#first ^ Math.imul(this.#second ^ salt, 0x9e3779b1)
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13) ^ this.#second, 0xc2b2ae35)
    return (mixed ^ (mixed >>> 16)) >>> 0
  }
}

/** 128 bits of a text in hex: the seed of what is derived from it. */
export const fingerprint = (bytes: Uint8Array): string => {
  const hash = new ByteHash().update(bytes)
  return [4, 5, 6, 7].map((salt) => hash.digest(salt).toString(16).padStart(8, '0')).join('')
}
