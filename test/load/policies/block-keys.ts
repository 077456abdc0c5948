import type { WorkloadRequest } from '../workloads/workload.ts'

/** Tokens of one key: a KV block. */
export const keyTokens = 16

/** One number per full block of a prompt, equal for equal text in equal places of it: what an engine's prefix cache and policies go by. */
export const blockKeys = ({ prompt }: Pick<WorkloadRequest, 'prompt'>): number[] => {
  const keys: number[] = []
  let key = start
  let filled = 0
  for (const { seed, tokens } of prompt) {
    const piece = hashText(seed)
    for (let at = 0; at < tokens;) {
      const taken = Math.min(keyTokens - filled, tokens - at)
      key = mix(key, mix(piece, at * 32 + taken))
      at += taken
      filled += taken
      if (filled === keyTokens) {
        keys.push(key)
        key = start
        filled = 0
      }
    }
  }
  return keys
}

/** The same blocks, each with all before it: equal numbers mean equal prompts up to there. */
export const chainKeys = (keys: readonly number[]): number[] => {
  let chain = start
  return keys.map((key) => (chain = mix(chain, key)))
}

const start = 0x811c9dc5

export const hashText = (text: string): number => {
  let hash = start
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

/** Two numbers into one of 53 bits. */
const mix = (one: number, other: number): number => {
  let high = Math.imul((one / 2 ** 32) ^ other ^ 0x9e3779b9, 0x85ebca6b)
  let low = Math.imul((one | 0) ^ Math.imul(other | 0, 0xc2b2ae35), 0x27d4eb2f)
  high ^= low >>> 15
  low ^= Math.imul(high ^ (other / 2 ** 32), 0x165667b1) >>> 13
  return (high >>> 11) * 2 ** 32 + (low >>> 0)
}
