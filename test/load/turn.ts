import { setTimeout as delay } from 'node:timers/promises'
import { chatQuestion } from '../stack/chat-question.ts'
import type { HttpOrigin } from '../stack/http-stream.ts'
import type { Random } from '../stack/seeded-random.ts'
import { testModel } from '../stack/seed-config.ts'
import { poissonArrivals } from './arrivals.ts'
import { busyRatio, cpuBetween, readCpuTimes, readMachineTimes } from './cpu-clock.ts'
import { sendOpenLoop } from './open-loop.ts'
import type { PlannedRequest } from './open-loop.ts'
import { score } from './score.ts'
import type { Score } from './score.ts'

/** What is loaded: where requests go, and which processes serve them. */
export interface Subject {
  readonly name: string
  /** Taken in turns. */
  readonly targets: readonly Target[]
  /** Pids on the way of a request, by name; the generator and the nodes are none of them. */
  pathPids(): ReadonlyMap<string, number>
}

export interface Target {
  readonly origin: HttpOrigin
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** What the request calls the model. */
  readonly model: string
}

export interface TurnOptions {
  readonly perSecond: number
  readonly warmUpMs: number
  readonly measuredMs: number
  readonly promptBytes: number
  readonly outputTokens: number
  readonly random: Random
  readonly signal: AbortSignal
}

export interface Turn extends Score {
  /** CPU per request of each process on the path, ms, in the steady part after the warm-up. */
  readonly cpuMsPerRequest: ReadonlyMap<string, number>
  /** How busy the whole machine was in that part, 0 to 1, generator and nodes included. */
  readonly machineBusyRatio: number
}

/** Longest wait for answers after the last request was sent. */
const drainMs = 15_000

/** Loads one subject for a while. Bodies and right answers are made before, and judged after, so that the load itself is cheap. */
export const runTurn = async (subject: Subject, options: TurnOptions): Promise<Turn> => {
  const { warmUpMs, measuredMs, signal } = options
  const plan = planTurn(subject, options)
  const sending = sendOpenLoop(plan, { drainMs, signal })
  // Requests run on over both ends of the window; in a steady load what is cut off equals what is let in.
  await delay(warmUpMs, undefined, { signal })
  const pids = subject.pathPids()
  const [before, machineBefore] = [await readCpuTimes(pids), await readMachineTimes()]
  await delay(measuredMs, undefined, { signal })
  const used = cpuBetween(before, await readCpuTimes(pids))
  const machineBusyRatio = busyRatio(machineBefore, await readMachineTimes())
  const scored = score(await sending, warmUpMs)
  return {
    ...scored,
    machineBusyRatio,
    cpuMsPerRequest: new Map([...used].map(([name, ms]) => [name, ms / Math.max(1, scored.requests)])),
  }
}

const planTurn = ({ targets }: Subject, options: TurnOptions): PlannedRequest[] => {
  const { perSecond, warmUpMs, measuredMs, promptBytes, outputTokens, random } = options
  return poissonArrivals(perSecond, warmUpMs + measuredMs, random).map((atMs, index): PlannedRequest => {
    const target = targets[index % targets.length]
    if (target === undefined) throw new Error('a subject needs a target')
    const id = `${index}-${random.between(0, 2 ** 32 - 1).toString(36)}`
    const { model, origin, path, headers } = target
    const question = chatQuestion({ model, servedName: testModel.servedName, id, promptBytes, maxTokens: outputTokens })
    return { atMs, origin, path, headers, ...question }
  })
}
