import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom } from '../stack/seeded-random.ts'
import type { Random } from '../stack/seeded-random.ts'
import { startTestStack } from '../stack/start-stack.ts'
import type { TestStack } from '../stack/start-stack.ts'
import { LatencyRecorder } from './latency.ts'
import { computedTokensOf, recordsOf, requestIdsOf } from './node-records.ts'
import type { NodeRecord } from './node-records.ts'
import { promptText } from './workloads/prompt-text.ts'

export interface SupersedeOptions {
  readonly seconds: number
  readonly seed: number
  /** Off: each request comes from another user, so that none replaces the one before. */
  readonly supersedes: boolean
  readonly signal: AbortSignal
  readonly onProgress: (sentence: string) => void
}

export interface SupersedeReport {
  readonly asked: number
  /** Followed by a newer one before they were answered. */
  readonly superseded: number
  /** Answers that somebody still wanted, and how many of them did not come. */
  readonly wanted: number
  readonly missed: number
  /** What nodes made for superseded requests: answers, and prompts that they began to compute, without cached parts. */
  readonly wastedOutputTokens: number
  readonly wastedPromptTokens: number
  /** Prompt and output tokens that the nodes computed, for each wanted answer. */
  readonly gpuTokensPerWanted: number
  readonly wantedMs: { readonly p50: number; readonly p99: number }
}

/** People who type at once. */
const typists = 16
const supersededRatio = 0.6
/** Until the next keystroke, and what somebody does with an answer, ms. */
const typingMs = [100, 500] as const
const readingMs = [300, 1500] as const
const fileTokens = [1000, 4000] as const
/** Their answers end by themselves, as completions do. */
const answerTokens = { median: 45, sigma: 0.2 } as const
const settleMs = 3000

interface Asked {
  readonly id: string
  superseded: boolean
  status: number
  tookMs: number
}

/** People type, and six of ten completions are followed by a newer one before they are there: what the nodes computed, and for whom. */
export const measureSupersede = async (options: SupersedeOptions): Promise<SupersedeReport> => {
  const { seconds, seed, supersedes, signal, onProgress } = options
  await using stack = await startTestStack({
    nodes: 2,
    workers: 2,
    routers: 1,
    nodeEnv: { VLLM_SIM_PERFORMANCE: 'llama-3.1-8b@a100' },
    signal,
    onNotice: onProgress,
  })
  for (const { adminUrl } of stack.nodes)
    await fetch(`${adminUrl}/settings`, { method: 'POST', body: JSON.stringify({ answerTokens }) })
  const authorization = `Bearer ${await stack.token(['complete_code'])}`
  const endsAt = performance.now() + seconds * 1000
  const all: Asked[] = []
  const type = async (typist: number): Promise<void> => {
    const random = seededRandom(seed + typist)
    const file = promptText([{ seed: `file ${seed} ${typist}`, tokens: random.between(...fileTokens) }])
    const open = new Set<Promise<void>>()
    let typed = ''
    while (performance.now() < endsAt && !signal.aborted) {
      typed += ` ${random.between(10, 99)}`
      const asked: Asked = { id: `s-${typist}-${all.length}-${seed}`, superseded: false, status: 0, tookMs: 0 }
      const user = supersedes ? `typist-${typist}` : asked.id
      all.push(asked)
      const answered = ask(stack, asked, { authorization, user, typist, above: file + typed }).then(() => {
        open.delete(answered)
      })
      open.add(answered)
      asked.superseded = await overtaken(random, answered)
    }
    await Promise.all(open)
  }
  await Promise.all(Array.from({ length: typists }, (_, typist) => type(typist)))
  signal.throwIfAborted()
  await delay(settleMs, undefined, { signal })
  const requestIds = await requestIdsOf(stack, new Set(all.map(({ id }) => id)))
  return judge({
    all,
    records: await recordsOf(stack.nodes),
    requestIds,
    gpuTokens: await computedTokensOf(stack.nodes),
  })
}

/** Waits until the next request is due. Whether the last one had no answer by then. */
const overtaken = async (random: Random, answered: Promise<void>): Promise<boolean> => {
  const types = random.next() < supersededRatio
  const [least, most] = types ? typingMs : readingMs
  const pauseMs = random.between(least, most)
  if (types) return Promise.race([answered.then(() => false), delay(pauseMs).then(() => true)])
  await answered
  await delay(pauseMs)
  return false
}

const ask = async (
  stack: TestStack,
  asked: Asked,
  { authorization, user, typist, above }: { authorization: string; user: string; typist: number; above: string },
): Promise<void> => {
  const startedAt = performance.now()
  const response = await fetch(`${stack.apiUrl}/v2/code/completions`, {
    method: 'POST',
    headers: {
      authorization,
      'content-type': 'application/json',
      'x-request-id': asked.id,
      'x-gitlab-authentication-type': 'oidc',
      'x-gitlab-instance-id': stack.instanceId,
      'x-gitlab-realm': 'self-managed',
      'x-gitlab-global-user-id': user,
    },
    body: JSON.stringify({
      prompt_version: 2,
      project_path: `group/project-${typist}`,
      current_file: {
        file_name: `file-${typist}.py`,
        language_identifier: 'python',
        content_above_cursor: above,
        content_below_cursor: '\n',
      },
      model_provider: 'litellm',
      model_name: 'codestral',
      model_endpoint: stack.nodes[0]?.url,
      model_identifier: 'custom_openai/penstock-sim',
    }),
  })
  await response.arrayBuffer()
  asked.status = response.status
  asked.tookMs = performance.now() - startedAt
}

const judge = ({
  all,
  records,
  requestIds,
  gpuTokens,
}: {
  all: readonly Asked[]
  records: readonly NodeRecord[]
  requestIds: ReadonlyMap<string, string>
  gpuTokens: number
}): SupersedeReport => {
  const byRequest = Map.groupBy(records, ({ id }) => id.split('.')[0] ?? '')
  const latencies = new LatencyRecorder()
  const counts = { superseded: 0, wanted: 0, missed: 0, wastedOutputTokens: 0, wastedPromptTokens: 0 }
  for (const { id, superseded, status, tookMs } of all) {
    const own = byRequest.get(requestIds.get(id) ?? '') ?? []
    const outputTokens = own.reduce((sum, { tokens }) => sum + tokens, 0)
    const promptTokens = own.reduce((sum, { sequences }) => sum + uncached(sequences), 0)
    if (superseded) {
      counts.superseded++
      counts.wastedOutputTokens += outputTokens
      counts.wastedPromptTokens += promptTokens
    } else {
      counts.wanted++
      if (status === 200) latencies.record(tookMs)
      else counts.missed++
    }
  }
  const { p50, p99 } = latencies.percentiles()
  const gpuTokensPerWanted = Math.round(gpuTokens / Math.max(1, counts.wanted))
  return { asked: all.length, ...counts, gpuTokensPerWanted, wantedMs: { p50, p99 } }
}

const uncached = (sequences: NodeRecord['sequences']): number =>
  sequences.reduce(
    (sum, { promptTokens, cachedTokens, admittedAt }) => sum + (admittedAt === null ? 0 : promptTokens - cachedTokens),
    0,
  )
