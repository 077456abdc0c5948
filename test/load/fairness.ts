import { createHash } from 'node:crypto'
import { seededRandom } from '../stack/seeded-random.ts'
import type { Random } from '../stack/seeded-random.ts'
import { chatQuestion } from '../stack/chat-question.ts'
import type { ChatQuestion } from '../stack/chat-question.ts'
import { testModel } from '../stack/seed-config.ts'
import { startTestStack } from '../stack/start-stack.ts'
import { poissonArrivals } from './arrivals.ts'
import { LatencyRecorder } from './latency.ts'
import type { Percentiles } from './latency.ts'
import { judge as judgeAnswer } from './generator/judge.ts'
import { runLoad } from './generator/run-load.ts'
import type { LoadRequest } from './generator/run-load.ts'

export interface FairnessOptions {
  /** Measured part of each of the two turns. */
  readonly seconds: number
  readonly seed: number
  readonly signal: AbortSignal
  readonly onProgress: (sentence: string) => void
}

export interface FairnessReport {
  readonly verdict: 'pass' | 'fail'
  readonly failures: readonly string[]
  /** Of what each user got, as a part of what was its own: its demand, or its fair share where that is less. */
  readonly jain: number
  /** Time to the first token of the equal users, ms: without and with the script. */
  readonly alone: Percentiles
  readonly beside: Percentiles
  readonly p99Ratio: number
  readonly others: { readonly asked: number; readonly completed: number; readonly refused: number }
  readonly script: {
    readonly asked: number
    readonly completed: number
    readonly refused: number
    readonly fairShare: number
  }
  readonly seconds: number
  readonly seed: number
}

/** 50 users ask for 85 % of the pool; a script for ten times what one of them asks for, which is 102 % together. */
const users = 50
const loadOfUsers = 0.85
const scriptFactor = 10
const nodes = 2
const nodeInFlightMax = 6
const answer = { ttftMs: 40, itlMs: 20, tokens: 20 } as const
const warmUpMs = 4000
const drainMs = 30_000
const limits = { jain: 0.95, p99Ratio: 1.2 } as const

/** Requests per second that the nodes can answer. */
const capacityPerS = (nodes * nodeInFlightMax * 1000) / (answer.ttftMs + (answer.tokens - 1) * answer.itlMs)
const userPerS = (capacityPerS * loadOfUsers) / users

const keyOf = (user: number): string => `sk-fair-${user}`
const scriptUser = users

/** Runs the equal users alone, then beside the script, on one stack, and judges. */
export const measureFairness = async ({
  seconds,
  seed,
  signal,
  onProgress,
}: FairnessOptions): Promise<FairnessReport> => {
  await using held = new AsyncDisposableStack()
  const stack = held.use(
    await startTestStack({
      nodes,
      workers: 2,
      routers: 2,
      nodeInFlightMax,
      nodeEnv: { VLLM_SIM_TTFT_MS: String(answer.ttftMs), VLLM_SIM_ITL_MS: String(answer.itlMs) },
      configure: (document) => ({
        ...document,
        openai: {
          keys: Array.from({ length: users + 1 }, (_, user) => ({
            name: `user-${user}`,
            sha256: createHash('sha256').update(keyOf(user)).digest('hex'),
          })),
        },
      }),
      signal,
      onNotice: onProgress,
    }),
  )
  const random = seededRandom(seed)
  const turn = async (name: string, withScript: boolean): Promise<Seen[]> => {
    const plan = planOf(seconds, withScript, random)
    const seen: Seen[] = []
    await runLoad(
      plan.map(({ request }) => request),
      {
        origins: [stack.apiUrl],
        silenceMs: 60_000,
        drainMs,
        signal,
        onEnded(ended) {
          const planned = plan[ended.index]
          if (planned === undefined || planned.request.atMs < warmUpMs) return
          const { outcome, ttftMs } = judgeAnswer(ended, () => planned.question().expected)
          seen.push({ user: planned.user, completed: outcome === 'right', refused: ended.status === 429, ttftMs })
        },
      },
    )
    onProgress(`${name}: ${seen.length} requests, ${seen.filter(({ completed }) => completed).length} answered`)
    return seen
  }
  const alone = await turn('users alone', false)
  const beside = await turn('users beside the script', true)
  return judge(alone, beside, { seconds, seed })
}

interface Seen {
  readonly user: number
  readonly completed: boolean
  readonly refused: boolean
  readonly ttftMs: number | null
}

interface Planned {
  readonly user: number
  readonly request: LoadRequest
  question(): ChatQuestion
}

const planOf = (seconds: number, withScript: boolean, random: Random): Planned[] => {
  const spanMs = warmUpMs + seconds * 1000
  const everyone = Array.from({ length: withScript ? users + 1 : users }, (_, user) =>
    poissonArrivals(user === scriptUser ? userPerS * scriptFactor : userPerS, spanMs, random).map((atMs): Planned => {
      const id = `${user}-${random.between(0, 2 ** 32 - 1).toString(36)}`
      const question = () =>
        chatQuestion({ ...testModel, model: testModel.name, id, promptBytes: 400, maxTokens: answer.tokens })
      const headers = { authorization: `Bearer ${keyOf(user)}`, 'content-type': 'application/json' }
      const makeBody = () => new Uint8Array(question().body)
      const request = { atMs, origin: 0, path: '/v1/chat/completions', headers, cutAfterMs: null, makeBody }
      return { user, request, question }
    }),
  )
  return everyone.flat().toSorted((a, b) => a.request.atMs - b.request.atMs)
}

const judge = (
  aloneSeen: readonly Seen[],
  seen: readonly Seen[],
  run: { seconds: number; seed: number },
): FairnessReport => {
  const counts = Array.from({ length: users + 1 }, () => ({ asked: 0, completed: 0, refused: 0 }))
  for (const { user, completed, refused } of seen) {
    const count = counts[user]
    if (count === undefined) continue
    count.asked += 1
    if (completed) count.completed += 1
    if (refused) count.refused += 1
  }
  const script = counts[scriptUser] as (typeof counts)[number]
  const others = counts.slice(0, users)
  const sum = (of: 'asked' | 'completed' | 'refused') => others.reduce((total, count) => total + count[of], 0)
  // Max-min: what the others leave of the capacity is the script's, and never less than an equal part.
  const capacity = capacityPerS * run.seconds
  const fairShare = Math.min(script.asked, Math.max(capacity / (users + 1), capacity - sum('asked')))
  const parts = [
    ...others.filter(({ asked }) => asked > 0).map(({ asked, completed }) => completed / asked),
    Math.min(1, script.completed / fairShare),
  ]
  const jain = jainIndex(parts)
  const alone = ttftOf(aloneSeen)
  const beside = ttftOf(seen.filter(({ user }) => user !== scriptUser))
  const p99Ratio = beside.p99 / alone.p99
  const failures = [
    ...(jain >= limits.jain ? [] : [`Jain index ${jain.toFixed(3)} is below ${limits.jain}`]),
    ...(p99Ratio <= limits.p99Ratio
      ? []
      : [`p99 TTFT of the others is ${p99Ratio.toFixed(2)} times what it is without the script`]),
    ...(sum('refused') <= sum('asked') * 0.01 ? [] : [`${sum('refused')} requests of the others were refused`]),
  ]
  return {
    verdict: failures.length === 0 ? 'pass' : 'fail',
    failures,
    jain: Math.round(jain * 1000) / 1000,
    alone,
    beside,
    p99Ratio: Math.round(p99Ratio * 100) / 100,
    others: { asked: sum('asked'), completed: sum('completed'), refused: sum('refused') },
    script: { ...script, fairShare: Math.round(fairShare) },
    ...run,
  }
}

/** 1: all got the same part of what was theirs. */
export const jainIndex = (parts: readonly number[]): number => {
  const total = parts.reduce((sum, part) => sum + part, 0)
  const squares = parts.reduce((sum, part) => sum + part * part, 0)
  return squares === 0 ? 0 : total ** 2 / (parts.length * squares)
}

const ttftOf = (seen: readonly Seen[]): Percentiles => {
  const recorder = new LatencyRecorder()
  for (const { completed, ttftMs } of seen) if (completed && ttftMs !== null) recorder.record(ttftMs)
  return recorder.percentiles()
}
