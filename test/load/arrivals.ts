import type { Random } from '../stack/seeded-random.ts'

/** When requests are meant to be sent: a Poisson process of `perSecond` over `spanMs`, as ms from its start, ascending. */
export const poissonArrivals = (perSecond: number, spanMs: number, random: Random): number[] => {
  const meanGapMs = 1000 / perSecond
  const arrivals: number[] = []
  for (let at = gap(meanGapMs, random); at < spanMs; at += gap(meanGapMs, random)) arrivals.push(at)
  return arrivals
}

/** Exponentially distributed; `1 - next()` is never 0, so its logarithm is finite. */
const gap = (meanMs: number, random: Random): number => -Math.log(1 - random.next()) * meanMs
