import { build } from 'hdr-histogram-js'
import type { Histogram } from 'hdr-histogram-js'

/** Percentiles of a span of time, ms. */
export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

const percentileOf = { p50: 50, p95: 95, p99: 99 } as const

/** Longest span that is told apart, µs; longer ones count as this. */
const spanMaxUs = 120_000_000

/** Gathers spans of time with 3 significant digits. */
export class LatencyRecorder {
  readonly #histogram: Histogram = build({ highestTrackableValue: spanMaxUs, numberOfSignificantValueDigits: 3 })

  record(spanMs: number): void {
    this.#histogram.recordValue(Math.min(spanMaxUs, Math.max(0, Math.round(spanMs * 1000))))
  }

  get count(): number {
    return this.#histogram.totalCount
  }

  get maxMs(): number {
    return this.#histogram.maxValue / 1000
  }

  /** The span that `percent` of them do not exceed, ms. */
  percentileMs(percent: number): number {
    return roundMs(this.#histogram.getValueAtPercentile(percent) / 1000)
  }

  percentiles(): Percentiles {
    return mapPercentiles((name) => this.percentileMs(percentileOf[name]))
  }
}

/** Of each percentile its median over the rounds: one disturbed round does not decide. Throws without rounds. */
export const medianOverRounds = (rounds: readonly Percentiles[]): Percentiles =>
  mapPercentiles((name) => roundMs(median(rounds.map((round) => round[name]))))

/** What one subject takes longer than another at the same percentile. */
export const difference = (longer: Percentiles, shorter: Percentiles): Percentiles =>
  mapPercentiles((name) => roundMs(longer[name] - shorter[name]))

/** The middle value, or the mean of the two middle ones. Throws when there is none. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.ceil(sorted.length / 2) - 1]
  if (upper === undefined || lower === undefined) throw new Error('no values, so no median')
  return (upper + lower) / 2
}

/** Hundredths of a millisecond: finer than what a timer of 1 ms can mean. */
export const roundMs = (ms: number): number => Math.round(ms * 100) / 100

const mapPercentiles = (of: (name: keyof Percentiles) => number): Percentiles => ({
  p50: of('p50'),
  p95: of('p95'),
  p99: of('p99'),
})
