const none = 0

/**
 * The KV cache's blocks: who holds them, and which of them can be found again by the hash of what is in them. Block 0 is reserved. A free
 * block with a hash keeps its content until it is needed: blocks are taken from the front of the free queue, freed ones with a hash go to
 * its back, those without to its front.
 */
export class BlockPool {
  #blocks: number
  /** Free queue as a ring through block 0, whose next is the front and whose previous is the back. */
  #next: Int32Array
  #previous: Int32Array
  #holders: Int32Array
  #hashes: Float64Array
  /** Next block of the same hash; the first is in `#byHash`. */
  #twins: Int32Array
  readonly #byHash = new Map<number, number>()
  #free = 0
  #held = 0
  /** Blocks out of use because the cache was shrunk. */
  #withdrawn: number[] = []
  /** Blocks to withdraw as soon as they come free. */
  #owed = 0

  /** `blocks`: at least 2, the reserved one included. */
  constructor(blocks: number) {
    this.#blocks = blocks
    this.#next = new Int32Array(blocks)
    this.#previous = new Int32Array(blocks)
    this.#holders = new Int32Array(blocks)
    this.#hashes = new Float64Array(blocks)
    this.#twins = new Int32Array(blocks)
    for (let block = 1; block < blocks; block++) this.#enqueueBack(block)
  }

  /** Blocks in use, the reserved one included. */
  get size(): number {
    return this.#blocks - this.#withdrawn.length - this.#owed
  }

  get free(): number {
    return this.#free
  }

  /** Blocks held by at least one sequence. */
  get held(): number {
    return this.#held
  }

  /** Held by usable blocks, 0 to 1. */
  get usageRatio(): number {
    return Math.min(1, this.#held / Math.max(1, this.size - 1))
  }

  /** The block with this content, or 0. */
  find(hash: number): number {
    return this.#byHash.get(hash) ?? none
  }

  isFree(block: number): boolean {
    return this.#holders[block] === 0
  }

  /** One more sequence holds the block. */
  hold(block: number): void {
    if (this.#holders[block] === 0) {
      this.#dequeue(block)
      this.#held++
    }
    this.#holders[block] = (this.#holders[block] as number) + 1
  }

  /** Takes the block at the front of the free queue and forgets what was in it. Only while `free` is above 0. */
  take(): number {
    const block = this.#next[none] as number
    this.#dequeue(block)
    this.#forget(block)
    this.#holders[block] = 1
    this.#held++
    return block
  }

  /** Makes a held block findable. */
  register(block: number, hash: number): void {
    const first = this.#byHash.get(hash)
    if (first === undefined) this.#byHash.set(hash, block)
    else {
      this.#twins[block] = this.#twins[first] as number
      this.#twins[first] = block
    }
    this.#hashes[block] = hash
  }

  /** One sequence less holds each block. They come free from last to first, so that the beginning of a text lives longest. */
  release(blocks: readonly number[]): void {
    for (let at = blocks.length - 1; at >= 0; at--) {
      const block = blocks[at] as number
      const holders = (this.#holders[block] as number) - 1
      this.#holders[block] = holders
      if (holders > 0) continue
      this.#held--
      if (this.#owed > 0) {
        this.#owed--
        this.#withdraw(block)
      } else if (this.#hashes[block] === 0) this.#enqueueFront(block)
      else this.#enqueueBack(block)
    }
  }

  /** Forgets all content. Only while nothing is held. */
  forgetAll(): void {
    this.#byHash.clear()
    this.#hashes.fill(0)
    this.#twins.fill(none)
  }

  /** Changes the number of blocks in use, between 2 and what the pool was made with. */
  resize(blocks: number): void {
    let missing = Math.max(2, Math.min(blocks, this.#blocks)) - this.size
    for (; missing > 0 && this.#owed > 0; missing--) this.#owed--
    for (; missing > 0; missing--) this.#enqueueFront(this.#withdrawn.pop() as number)
    for (; missing < 0 && this.#free > 0; missing++) {
      const block = this.#next[none] as number
      this.#dequeue(block)
      this.#withdraw(block)
    }
    this.#owed -= missing
  }

  /** Throws when the books do not balance: free, held and withdrawn blocks are all there are, and no block is two of these. */
  check(): void {
    let queued = 0
    for (let block = this.#next[none] as number; block !== none; block = this.#next[block] as number) {
      if (this.#holders[block] !== 0) throw new Error(`block ${block} is free and held`)
      if (++queued > this.#free) break
    }
    const held = this.#holders.reduce((sum, holders) => sum + (holders > 0 ? 1 : 0), 0)
    if (this.#holders.some((holders) => holders < 0)) throw new Error('a block was released too often')
    if (queued !== this.#free || held !== this.#held || 1 + queued + held + this.#withdrawn.length !== this.#blocks)
      throw new Error(`${queued} free + ${held} held + ${this.#withdrawn.length} withdrawn of ${this.#blocks} blocks`)
    for (const [hash, block] of this.#byHash)
      if (this.#hashes[block] !== hash) throw new Error(`block ${block} is not what it is filed as`)
  }

  #withdraw(block: number): void {
    this.#forget(block)
    this.#withdrawn.push(block)
  }

  #forget(block: number): void {
    const hash = this.#hashes[block] as number
    if (hash === 0) return
    const twin = this.#twins[block] as number
    let before = this.#byHash.get(hash) as number
    if (before !== block) {
      while (this.#twins[before] !== block) before = this.#twins[before] as number
      this.#twins[before] = twin
    } else if (twin === none) this.#byHash.delete(hash)
    else this.#byHash.set(hash, twin)
    this.#hashes[block] = 0
    this.#twins[block] = none
  }

  #enqueueBack(block: number): void {
    this.#link(this.#previous[none] as number, block, none)
  }

  #enqueueFront(block: number): void {
    this.#link(none, block, this.#next[none] as number)
  }

  #link(before: number, block: number, after: number): void {
    this.#next[before] = block
    this.#previous[block] = before
    this.#next[block] = after
    this.#previous[after] = block
    this.#free++
  }

  #dequeue(block: number): void {
    const before = this.#previous[block] as number
    const after = this.#next[block] as number
    this.#next[before] = after
    this.#previous[after] = before
    this.#free--
  }
}
