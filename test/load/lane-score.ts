import { laneTargets } from '@penstock/scheduling'
import { BatchingEngine, SyntheticSequence, VirtualClock, defaultFrontEndCost } from '@penstock/vllm-sim'
import type { PerformanceProfile } from '@penstock/vllm-sim'
import { LatencyRecorder, roundMs } from './latency.ts'
import type { Judgement } from './generator/judge.ts'
import type { Percentiles } from './latency.ts'
import type { SimulatedOutcome } from './policies/simulate-policy.ts'
import { benchLanes } from './workloads/workload.ts'
import type { BenchLane, WorkloadRequest } from './workloads/workload.ts'

/** What became of a request, by whatever served it. Instants are ms from when it was meant to be sent. */
export interface Outcome {
  readonly request: WorkloadRequest
  readonly kind: 'complete' | 'refused' | 'failed' | 'cut'
  readonly ttftMs: number | null
  readonly endMs: number
}

/** What a client saw. Cut by the end of the load, and not as planned, is a failure. */
export const judgedOutcome = (request: WorkloadRequest, judgement: Judgement): Outcome => {
  const { ttftMs, endMs } = judgement
  const kinds = {
    right: 'complete',
    refused: 'refused',
    wrong: 'failed',
    cut: request.cutAfterMs === null ? 'failed' : 'cut',
  } as const
  return { request, ttftMs, endMs, kind: kinds[judgement.outcome] }
}

export const simulatedOutcome = ({ request, ttftMs, endMs, complete, gaveUp }: SimulatedOutcome): Outcome => ({
  request,
  ttftMs,
  endMs,
  kind: complete ? 'complete' : gaveUp ? 'cut' : 'failed',
})

export interface LaneScore {
  /** Of every answer that began, late ones too. */
  readonly ttftMs: Percentiles | null
  /** Answers that came whole and within the lane's target. */
  readonly completed: number
  readonly refused: number
  /** Answers that came too late, too slowly, or not at all. */
  readonly missed: number
}

export interface LoadScore {
  /** Requested tokens of requests that met their target, per second. */
  readonly goodputTokensPerSecond: number
  readonly lanes: Readonly<Record<BenchLane, LaneScore>>
  /** From when a refused request was meant to be sent to its 429. */
  readonly refusalMsP99: number | null
  /** Requests that their own client gave up as planned: they count for nothing. */
  readonly givenUp: number
}

/**
 * Judges a span of load. A target is the lane's of @penstock/scheduling: TTFT beyond what the prompt takes on an idle node, and the mean gap
 * between tokens.
 */
export const scoreLoad = (outcomes: readonly Outcome[], spanMs: number, idle: IdlePrefill): LoadScore => {
  const refusals = new LatencyRecorder()
  let tokens = 0
  const lanes = Object.fromEntries(
    benchLanes.map((lane) => {
      const ttft = new LatencyRecorder()
      let [completed, refused, missed] = [0, 0, 0]
      for (const outcome of outcomes) {
        if (outcome.request.lane !== lane) continue
        if (outcome.ttftMs !== null) ttft.record(outcome.ttftMs)
        if (outcome.kind === 'refused') {
          refused++
          refusals.record(outcome.endMs)
        } else if (outcome.kind !== 'cut') {
          if (meetsTarget(outcome, idle)) {
            completed++
            tokens += outcome.request.outputTokens
          } else missed++
        }
      }
      const score: LaneScore = { ttftMs: ttft.count === 0 ? null : ttft.percentiles(), completed, refused, missed }
      return [lane, score]
    }),
  ) as Record<BenchLane, LaneScore>
  return {
    goodputTokensPerSecond: roundMs((tokens / spanMs) * 1000),
    lanes,
    refusalMsP99: refusals.count === 0 ? null : refusals.percentiles().p99,
    givenUp: outcomes.filter(({ kind }) => kind === 'cut').length,
  }
}

const meetsTarget = ({ kind, request, ttftMs, endMs }: Outcome, idle: IdlePrefill): boolean => {
  if (kind !== 'complete' || ttftMs === null) return false
  const target = laneTargets[request.lane]
  const gapMs = (endMs - ttftMs) / Math.max(1, request.outputTokens - 1)
  return ttftMs <= target.ttftMs + idle.ttftMs(request) && gapMs <= target.itlMs
}

/** Prompts are told apart to this many tokens. */
const gridTokens = 256

/** What a prompt takes on an idle node with nothing cached, by the engine itself. */
export class IdlePrefill {
  readonly #profile: PerformanceProfile
  readonly #known = new Map<number, number>()

  constructor(profile: PerformanceProfile) {
    this.#profile = profile
  }

  ttftMs({ prompt }: WorkloadRequest): number {
    const tokens = prompt.reduce((sum, piece) => sum + piece.tokens, 0)
    const rounded = Math.ceil(tokens / gridTokens) * gridTokens
    const known = this.#known.get(rounded)
    if (known !== undefined) return known
    const clock = new VirtualClock()
    const engine = new BatchingEngine({ profile: this.#profile, frontEnd: defaultFrontEndCost }, { clock })
    engine.submit(new SyntheticSequence({ promptTokens: rounded, outputTokens: 1 }))
    const ttftMs = clock.run()
    this.#known.set(rounded, ttftMs)
    return ttftMs
  }
}
