import { BatchingEngine, SyntheticSequence, VirtualClock, performanceProfile } from '../src/index.ts'
import type { PerformanceProfile, SequenceTrace } from '../src/index.ts'

export interface ClosedLoop {
  /** A performance profile or its name. */
  readonly profile: string | PerformanceProfile
  readonly promptTokens: number
  readonly outputTokens: number
  /** Clients; each asks again as soon as it was answered. */
  readonly clients: number
  readonly requestsPerClient: number
}

export interface ClosedLoopResult {
  readonly ttftMeanMs: number
  readonly ttftMedianMs: number
  readonly tpotMeanMs: number
  /** Median over all gaps between two tokens. */
  readonly gapMedianMs: number
  readonly gapP99Ms: number
  readonly outputTokensPerSecond: number
  readonly requestsPerSecond: number
  /** Mean, from arrival to last token. */
  readonly latencyMeanMs: number
  readonly preemptions: number
}

/** Plays a closed loop on the engine alone: no jitter, no front end, and prompts that have nothing in common. */
export const playClosedLoop = (loop: ClosedLoop): ClosedLoopResult => {
  const clock = new VirtualClock()
  const profile = typeof loop.profile === 'string' ? performanceProfile(loop.profile) : loop.profile
  const engine = new BatchingEngine({ profile }, { clock })
  const traces: SequenceTrace[] = []
  const gaps: number[] = []
  let left = loop.clients * loop.requestsPerClient
  const ask = (): void => {
    if (left === 0) return
    left--
    let lastAt = 0
    const onToken = (made: number): void => {
      if (made > 1) gaps.push(clock.nowMs() - lastAt)
      lastAt = clock.nowMs()
    }
    const { promptTokens, outputTokens } = loop
    traces.push(engine.submit(new SyntheticSequence({ promptTokens, outputTokens, onToken, onEnd: ask })))
  }
  for (let client = 0; client < loop.clients; client++) ask()
  const seconds = clock.run() / 1000
  engine.check()

  const ttfts = traces.map((trace) => instant(trace.firstTokenAt) - trace.arrivedAt)
  const decodes = traces.map((trace) => instant(trace.lastTokenAt) - instant(trace.firstTokenAt))
  return {
    ttftMeanMs: mean(ttfts),
    ttftMedianMs: quantile(ttfts, 0.5),
    tpotMeanMs: mean(decodes) / (loop.outputTokens - 1),
    gapMedianMs: quantile(gaps, 0.5),
    gapP99Ms: quantile(gaps, 0.99),
    outputTokensPerSecond: engine.counters().outputTokens / seconds,
    requestsPerSecond: traces.length / seconds,
    latencyMeanMs: mean(ttfts) + mean(decodes),
    preemptions: engine.counters().preemptions,
  }
}

const instant = (at: number | null): number => {
  if (at === null) throw new Error('a request was not answered')
  return at
}
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const quantile = (values: readonly number[], part: number): number =>
  Float64Array.from(values).sort()[Math.min(values.length - 1, Math.floor(values.length * part))] as number
