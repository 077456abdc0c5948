/**
 * Hash of a block and everything before it: `parent` is the hash of the block before, or the root. 53 bits, so it fits a number exactly;
 * never 0, which stands for "no hash". Takes the place of vLLM's SHA-256, whose values nobody outside can predict either.
 */
export const chainHash = (parent: number, key: number): number => {
  let low = Math.imul((parent >>> 0) ^ 0x9e3779b9, 0x85ebca6b) ^ (key >>> 0)
  let high = Math.imul(((parent / 2 ** 32) >>> 0) ^ 0xc2b2ae35, 0x27d4eb2f) ^ ((key / 2 ** 32) >>> 0)
  low = Math.imul(low ^ (low >>> 15), 0x2c1b3c6d) + high
  high = Math.imul(high ^ (high >>> 13), 0x297a2d39) ^ low
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ high
  high = Math.imul(high ^ (high >>> 14) ^ low, 0xc2b2ae35)
  low ^= low >>> 13
  high ^= high >>> 16
  return (high >>> 11) * 2 ** 32 + (low >>> 0) || 1
}

/** Where chains of equal adapter and salt begin. */
export const chainRoot = (lora: string | undefined, cacheSalt: string | undefined): number =>
  chainHash(textHash(lora ?? ''), textHash(cacheSalt ?? ''))

/** A 53-bit number for a text; different texts practically never share one. */
export const textHash = (text: string): number => {
  let hash = 1
  for (let at = 0; at < text.length; at++) hash = chainHash(hash, text.charCodeAt(at))
  return hash
}
