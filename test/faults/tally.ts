import type { Observation } from './stream-probe.ts'

/** What all streams of a run saw together. */
export interface StreamTally {
  readonly requests: number
  readonly completed: number
  readonly refused: number
  readonly lost: number
  /** Went with the ingress that owned them, because that was what was struck. */
  readonly cut: number
  readonly bytesWrong: number
  readonly serverErrors: number
  readonly longestSilenceMs: number
  readonly ttfbMsMax: number
}

/** Adds up observations as they come; memory does not grow with the run. */
export class Tally {
  #sums = {
    requests: 0,
    completed: 0,
    refused: 0,
    lost: 0,
    cut: 0,
    bytesWrong: 0,
    serverErrors: 0,
    longestSilenceMs: 0,
    ttfbMsMax: 0,
  }

  add({ outcome, bytesWrong, longestSilenceMs, ttfbMs }: Observation): void {
    const sums = this.#sums
    sums.requests += 1
    sums.bytesWrong += bytesWrong
    sums.longestSilenceMs = Math.max(sums.longestSilenceMs, longestSilenceMs)
    switch (outcome) {
      case 'completed':
        sums.completed += 1
        sums.ttfbMsMax = Math.max(sums.ttfbMsMax, ttfbMs ?? 0)
        break
      case 'refused':
        sums.refused += 1
        break
      case 'server-error':
        sums.serverErrors += 1
        break
      case 'lost':
        sums.lost += 1
        break
      case 'cut':
        sums.cut += 1
    }
  }

  get sums(): StreamTally {
    const { longestSilenceMs, ttfbMsMax, ...counts } = this.#sums
    return { ...counts, longestSilenceMs: Math.round(longestSilenceMs), ttfbMsMax: Math.round(ttfbMsMax) }
  }
}
