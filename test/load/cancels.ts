import { setTimeout as delay } from 'node:timers/promises'
import { chatQuestion } from '../stack/chat-question.ts'
import { seededRandom } from '../stack/seeded-random.ts'
import { testModel } from '../stack/seed-config.ts'
import { startTestStack } from '../stack/start-stack.ts'
import type { TestStack } from '../stack/start-stack.ts'
import { LatencyRecorder } from './latency.ts'
import { recordsOf, requestIdsOf } from './node-records.ts'
import type { NodeRecord } from './node-records.ts'

export interface CancelsOptions {
  /** Requests that are cancelled, each at a random moment of its life. */
  readonly count: number
  readonly seed: number
  readonly signal: AbortSignal
  readonly onProgress: (sentence: string) => void
}

export interface CancelsReport {
  readonly verdict: 'pass' | 'fail'
  readonly failures: readonly string[]
  readonly cancelled: number
  /** Requests that were answered before their moment came. */
  readonly answered: number
  /** Cancelled requests that a node never saw, and those that it was told to stop. */
  readonly neverAtNode: number
  readonly aborted: number
  /** Generations that ran on for a second or more after their client had left. */
  readonly orphaned: number
  /** From the client's leaving to the node's abort, ms. */
  readonly abortMs: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Tokens that nodes made for clients that had left. */
  readonly wastedTokens: number
  readonly totalTokens: number
  readonly stillRunning: number
  readonly seed: number
}

/** More requests at once than the nodes take, so that some are cancelled in the queue. */
const concurrent = 48
const nodes = 2
const nodeInFlightMax = 14
const lifeMsMax = 1600
const limits = { abortP99Ms: 250, orphanAfterMs: 1000 } as const
const settleMs = 5000

interface Cancelled {
  readonly id: string
  /** Epoch ms. */
  readonly at: number
}

/** Cancels requests in every state, streamed and not, and compares with what the nodes know of them. */
export const measureCancels = async ({ count, seed, signal, onProgress }: CancelsOptions): Promise<CancelsReport> => {
  await using stack = await startTestStack({
    nodes,
    workers: 2,
    routers: 1,
    nodeInFlightMax,
    nodeEnv: { VLLM_SIM_TTFT_MS: '150', VLLM_SIM_ITL_MS: '15' },
    // One key asks for everything: the limit per user is not what is measured.
    configure: (document) => ({
      ...document,
      pools: document.pools.map((pool) => ({ ...pool, queue: { perUserMax: 1000 } })),
    }),
    signal,
    onNotice: onProgress,
  })
  const random = seededRandom(seed)
  const cancelled: Cancelled[] = []
  const seen = new Map<string, NodeRecord>()
  let answered = 0
  const line = async (): Promise<void> => {
    while (cancelled.length < count && !signal.aborted) {
      const id = `c-${random.between(0, 2 ** 32 - 1).toString(36)}-${random.between(0, 2 ** 32 - 1).toString(36)}`
      const at = await askAndLeave(
        stack,
        id,
        random.between(0, lifeMsMax),
        random.between(0, 1) === 1,
        random.between(20, 150),
      )
      if (at === null) answered += 1
      else cancelled.push({ id, at })
      if (cancelled.length % 500 === 0 && at !== null) {
        for (const record of await recordsOf(stack.nodes)) seen.set(record.id, record)
        onProgress(`${cancelled.length} cancelled, ${answered} answered`)
      }
    }
  }
  await Promise.all(Array.from({ length: concurrent }, line))
  signal.throwIfAborted()
  await delay(settleMs, undefined, { signal })
  for (const record of await recordsOf(stack.nodes)) seen.set(record.id, record)
  const requestIds = await requestIdsOf(stack, new Set(cancelled.map(({ id }) => id)))
  return judge({ cancelled, answered, seen, requestIds, seed })
}

/** Asks, and closes the connection after `lifeMs`. The instant of leaving; null: the answer was there before. */
const askAndLeave = async (
  stack: TestStack,
  id: string,
  lifeMs: number,
  stream: boolean,
  maxTokens: number,
): Promise<number | null> => {
  const { body } = chatQuestion({ ...testModel, model: testModel.name, id, promptBytes: 300, maxTokens })
  const gone = new AbortController()
  const leaving = { at: null as number | null }
  const timer = setTimeout(() => {
    leaving.at = Date.now()
    gone.abort()
  }, lifeMs)
  try {
    const response = await fetch(`${stack.apiUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.openAiKey}`, 'content-type': 'application/json', 'x-request-id': id },
      body: stream ? body : JSON.stringify({ ...(JSON.parse(body.toString()) as object), stream: false }),
      signal: gone.signal,
    })
    await response.arrayBuffer()
    if (response.status !== 200) await delay(50)
    return null
  } catch (error) {
    if (leaving.at === null) throw error
    return leaving.at
  } finally {
    clearTimeout(timer)
  }
}

const judge = (run: {
  cancelled: readonly Cancelled[]
  answered: number
  seen: ReadonlyMap<string, NodeRecord>
  requestIds: ReadonlyMap<string, string>
  seed: number
}): CancelsReport => {
  const byRequest = Map.groupBy(run.seen.values(), ({ id }) => id.split('.')[0] ?? '')
  const latencies = new LatencyRecorder()
  const counts = { neverAtNode: 0, aborted: 0, orphaned: 0, wastedTokens: 0 }
  for (const { id, at } of run.cancelled) {
    const records = byRequest.get(run.requestIds.get(id) ?? '') ?? []
    if (records.length === 0) counts.neverAtNode += 1
    for (const { outcome, finishedAt, tokens } of records) {
      if (outcome !== 'finished') counts.wastedTokens += tokens
      const after = (finishedAt ?? Infinity) - at
      if (after >= limits.orphanAfterMs) counts.orphaned += 1
      else if (outcome === 'aborted_by_client') {
        counts.aborted += 1
        latencies.record(after)
      }
    }
  }
  const records = [...run.seen.values()]
  const stillRunning = records.filter(({ outcome }) => outcome === 'running').length
  const { p50, p99 } = latencies.percentiles()
  const abortMs = { p50, p99, max: Math.round(latencies.maxMs) }
  const failures = [
    ...(counts.aborted > 0 ? [] : ['no generation was cancelled at a node']),
    ...(counts.orphaned === 0 ? [] : [`${counts.orphaned} generations ran on after their client had left`]),
    ...(stillRunning === 0 ? [] : [`${stillRunning} generations still run`]),
    ...(p99 <= limits.abortP99Ms ? [] : [`p99 to the node's abort is ${p99} ms, limit ${limits.abortP99Ms} ms`]),
  ]
  return {
    verdict: failures.length === 0 ? 'pass' : 'fail',
    failures,
    cancelled: run.cancelled.length,
    answered: run.answered,
    ...counts,
    abortMs,
    totalTokens: records.reduce((sum, { tokens }) => sum + tokens, 0),
    stillRunning,
    seed: run.seed,
  }
}
