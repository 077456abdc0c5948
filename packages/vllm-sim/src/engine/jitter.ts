/** Seeded numbers, evenly spread from 0 (included) to 1 (excluded): mulberry32. */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Seeded factors around 1 with a lognormal spread; sigma 0 gives 1 always. */
export const lognormalJitter = (sigma: number, seed: number): (() => number) => {
  if (sigma === 0) return () => 1
  const random = seededRandom(seed)
  return () => Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))
}
