/** An answer as it came: bytes in one growing buffer and when each piece arrived. No object is kept per piece, so thousands of streams cost no garbage collection. */
export class ByteTrail {
  #bytes = Buffer.allocUnsafeSlow(2048)
  #length = 0
  #arrivalMs = new Float64Array(32)
  #arrivedBytes = new Float64Array(32)
  #pieces = 0

  add(piece: Uint8Array, atMs: number): void {
    if (this.#length + piece.length > this.#bytes.length) this.#growBytes(this.#length + piece.length)
    this.#bytes.set(piece, this.#length)
    this.#length += piece.length
    if (this.#pieces === this.#arrivalMs.length) this.#growPieces()
    this.#arrivalMs[this.#pieces] = atMs
    this.#arrivedBytes[this.#pieces++] = this.#length
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  get arrivalMs(): Float64Array<ArrayBuffer> {
    return this.#arrivalMs.slice(0, this.#pieces)
  }

  get arrivedBytes(): Float64Array<ArrayBuffer> {
    return this.#arrivedBytes.slice(0, this.#pieces)
  }

  #growBytes(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    larger.set(this.bytes)
    this.#bytes = larger
  }

  #growPieces(): void {
    const [times, lengths] = [new Float64Array(this.#pieces * 2), new Float64Array(this.#pieces * 2)]
    times.set(this.#arrivalMs)
    lengths.set(this.#arrivedBytes)
    this.#arrivalMs = times
    this.#arrivedBytes = lengths
  }
}
