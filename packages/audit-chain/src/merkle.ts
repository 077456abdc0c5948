import { createHash } from 'node:crypto'

/** Hash of a leaf (RFC 6962 §2.1). The prefix keeps a leaf from being taken for an inner node. */
export const leafHash = (entry: Uint8Array): Buffer => createHash('sha256').update('\x00').update(entry).digest()

const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer =>
  createHash('sha256').update('\x01').update(left).update(right).digest()

/**
 * Root of a growing Merkle tree (RFC 6962), kept as the roots of its complete subtrees: one per bit of the size, so
 * memory is 32 bytes × log2(size).
 */
export class MerkleAccumulator {
  /** Roots of the complete subtrees, the largest first. */
  readonly #subtrees: Buffer[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  append(entry: Uint8Array): void {
    let hash = leafHash(entry)
    // Two subtrees of the same size become one: as often as the old size ends in ones.
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2))
      hash = nodeHash(this.#subtrees.pop()!, hash)
    this.#subtrees.push(hash)
    this.#size += 1
  }

  /** Hex of the root over all entries so far. */
  rootHash(): string {
    const root = this.#subtrees.reduceRight<Buffer | undefined>(
      (right, left) => (right === undefined ? left : nodeHash(left, right)),
      undefined,
    )
    return (root ?? createHash('sha256').digest()).toString('hex')
  }
}
