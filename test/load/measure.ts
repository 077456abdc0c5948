import { setTimeout as delay } from 'node:timers/promises'
import { pathOf, questionBody, rightAnswer } from './bench-question.ts'
import { busyRatio, cpuBetween, readCpuTimes, readMachineTimes, residentMiB } from './cpu-clock.ts'
import { judge } from './generator/judge.ts'
import type { Judgement } from './generator/judge.ts'
import { runLoad } from './generator/run-load.ts'
import type { LoadRequest, ReadLateness } from './generator/run-load.ts'
import { LatencyRecorder } from './latency.ts'
import type { Percentiles } from './latency.ts'
import type { Subject } from './subjects/subject.ts'
import type { WorkloadRequest } from './workloads/workload.ts'

export interface MeasureOptions {
  readonly plan: readonly WorkloadRequest[]
  /** Requests meant to be sent before it are sent and not counted. */
  readonly warmUpMs: number
  /** The window after the warm-up in which processor time is read. */
  readonly measuredMs: number
  /** Longest wait for answers after the last request was sent. */
  readonly drainMs: number
  /** Threads of the generator. Default 1. */
  readonly threads?: number
  readonly signal: AbortSignal
  /** Called with every request as it ends, the ones of the warm-up too. */
  readonly onJudged?: (request: WorkloadRequest, judgement: Judgement) => void
}

/** One subject under one load for a while. */
export interface Measurement {
  readonly requests: number
  /** Requests that were refused with 429. */
  readonly refused: number
  /** Requests without a right and complete answer, refusals included, by reason. */
  readonly errors: Readonly<Record<string, number>>
  /** Of right answers, from the instant each was meant to be sent. Null without any. */
  readonly ttftMs: Percentiles | null
  /** How late the generator itself sent, and how late at most it may have read. */
  readonly latenessMs: Percentiles & { readonly max: number }
  readonly readLatenessMs: ReadLateness
  /** CPU of each process on the path in the window, ms, its descendants included. */
  readonly cpuMs: ReadonlyMap<string, number>
  /** Memory that all processes of the path hold at the window's end. */
  readonly rssMiB: number
  /** How busy the whole machine was in the window, 0 to 1, generator and nodes included. */
  readonly machineBusyRatio: number
}

/** Longest silence within an answer that the generator sits out, ms. */
const silenceMs = 120_000

/** Loads one subject. Throws when aborted. */
export const measure = async (subject: Subject, options: MeasureOptions): Promise<Measurement> => {
  const { plan, warmUpMs, measuredMs, drainMs, threads, signal, onJudged } = options
  const books = new Books(warmUpMs)
  const started = Promise.withResolvers<void>()
  const loading = runLoad(planLoad(subject, plan), {
    origins: subject.targets.map(({ origin }) => origin),
    silenceMs,
    drainMs,
    ...(threads === undefined ? {} : { threads }),
    signal,
    onStart: started.resolve,
    onEnded(ended) {
      const request = plan[ended.index] as WorkloadRequest
      const judgement = judge(ended, () => rightAnswer(request))
      books.enter(request, judgement, ended.lateMs)
      onJudged?.(request, judgement)
    },
  })
  const watched = started.promise.then(() => watch(subject, warmUpMs, measuredMs, signal))
  // A load that cannot start never lets the watch begin.
  await Promise.race([watched, loading.then(() => watched)])
  const [readLatenessMs, window] = [await loading, await watched]
  return { ...books.closed(), readLatenessMs, ...window }
}

type Window = Pick<Measurement, 'cpuMs' | 'rssMiB' | 'machineBusyRatio'>

/** Requests run on over both ends of the window; in a steady load what is cut off equals what is let in. */
const watch = async (subject: Subject, warmUpMs: number, measuredMs: number, signal: AbortSignal): Promise<Window> => {
  await delay(warmUpMs, undefined, { signal })
  const pids = subject.pids()
  const [before, machineBefore] = [await readCpuTimes(pids), await readMachineTimes()]
  await delay(measuredMs, undefined, { signal })
  const cpuMs = cpuBetween(before, await readCpuTimes(pids))
  return {
    cpuMs,
    machineBusyRatio: busyRatio(machineBefore, await readMachineTimes()),
    rssMiB: await residentMiB(pids.values()),
  }
}

const planLoad = ({ targets }: Subject, plan: readonly WorkloadRequest[]): LoadRequest[] =>
  plan.map((request, index) => {
    const origin = index % targets.length
    const target = targets[origin] ?? targets[0]
    return {
      atMs: request.atMs,
      origin,
      path: pathOf(request),
      headers: target.headers(request.user),
      cutAfterMs: request.cutAfterMs,
      makeBody: () => questionBody(request, target.model),
    }
  })

/** Counts what became of the requests after the warm-up. */
class Books {
  readonly #warmUpMs: number
  readonly #errors: Record<string, number> = {}
  readonly #ttft = new LatencyRecorder()
  readonly #lateness = new LatencyRecorder()
  #requests = 0
  #refused = 0

  constructor(warmUpMs: number) {
    this.#warmUpMs = warmUpMs
  }

  enter(request: WorkloadRequest, { outcome, reason, ttftMs }: Judgement, lateMs: number): void {
    if (request.atMs < this.#warmUpMs) return
    this.#requests++
    this.#lateness.record(lateMs)
    if (outcome === 'refused') this.#refused++
    const unplannedCut = outcome === 'cut' && request.cutAfterMs === null
    const error = reason ?? (outcome === 'refused' ? 'status 429' : unplannedCut ? 'no end in time' : null)
    if (error !== null) this.#errors[error] = (this.#errors[error] ?? 0) + 1
    else if (ttftMs !== null) this.#ttft.record(ttftMs)
  }

  closed(): Pick<Measurement, 'requests' | 'refused' | 'errors' | 'ttftMs' | 'latenessMs'> {
    return {
      requests: this.#requests,
      refused: this.#refused,
      errors: this.#errors,
      ttftMs: this.#ttft.count === 0 ? null : this.#ttft.percentiles(),
      latenessMs: { ...this.#lateness.percentiles(), max: this.#lateness.maxMs },
    }
  }
}
