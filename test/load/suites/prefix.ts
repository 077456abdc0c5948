import { performanceProfile } from '@penstock/vllm-sim'
import type { PerformanceProfile } from '@penstock/vllm-sim'
import { seededRandom } from '../../stack/seeded-random.ts'
import type { TestStack } from '../../stack/start-stack.ts'
import { startBenchStack } from '../bench-stack.ts'
import { LatencyRecorder, roundMs } from '../latency.ts'
import { measure } from '../measure.ts'
import type { MeasureOptions } from '../measure.ts'
import { BlockIndex } from '../policies/block-index.ts'
import { blockKeys, chainKeys, keyTokens } from '../policies/block-keys.ts'
import { policies, policyNames } from '../policies/registry.ts'
import { simulatePolicy } from '../policies/simulate-policy.ts'
import { startSubjects, subjectNames } from '../subjects/registry.ts'
import type { Subject } from '../subjects/subject.ts'
import { textTable } from '../text-table.ts'
import { workloadByName } from '../workloads/registry.ts'
import type { WorkloadRequest } from '../workloads/workload.ts'
import { salted } from './salted.ts'
import { tryTurn } from './subject-turns.ts'
import type { Suite, SuiteContext, SuiteResult } from './suite.ts'

interface PrefixRow {
  readonly subject: string
  readonly workload: string
  /** Prompt tokens found in the nodes' prefix caches, of all looked up. Null when the nodes do not say. */
  readonly hitRate: number | null
  /** Of what one shared cache of the same total capacity would have found. */
  readonly hitRateOfBound: number | null
  readonly ttftMs: { readonly p50: number; readonly p90: number; readonly p99: number } | null
  /** Of right and complete answers, over the turn. */
  readonly outputTokensPerSecond: number
  readonly requests: number
  readonly errors: number
  readonly cpuMsPerRequest: number | null
  /** The same with prompts of 100 k tokens, at one request per second. */
  readonly cpuMsPer100kTokenRequest: number | null
}

const nodes = 8
const profileName = 'llama-3.1-8b@a100'
/** Requests per second at which the eight nodes are busy and not yet overloaded. */
const rates: Readonly<Record<string, number>> = { 'mooncake-conversation': 3, agents: 5 }
const aims = { hitRateOfBound: 0.9 } as const
const patienceMs = 55_000
const longPromptTokens = 100_000

export const prefix: Suite = {
  name: 'prefix',
  summary: 'conversations and agents on 8 modelled nodes: how much of the prompts is found cached, TTFT, tokens/s',
  subjects: [...subjectNames, ...policyNames],
  run: (context) => runPrefix(context),
}

const runPrefix = async ({ options, folder, signal, onProgress, budget }: SuiteContext): Promise<SuiteResult> => {
  const seconds = options.seconds ?? (options.quick ? 22 : 100)
  const spanMs = seconds * 1000
  const drainMs = 15_000
  const names = options.workloads ?? Object.keys(rates)
  const profile = performanceProfile(profileName)
  const wanted = options.subjects ?? [...subjectNames, ...policyNames]
  const plans = names.map((name, index) => ({
    name,
    plan: workloadByName(name, options.trace).plan({
      perSecond: options.rates?.[index] ?? rates[name] ?? 5,
      spanMs,
      random: seededRandom(options.seed),
    }),
  }))
  const bounds = new Map(plans.map(({ name, plan }) => [name, sharedCacheBound(plan, profile)]))
  const rows: PrefixRow[] = []
  for (const { name, plan } of plans)
    for (const policy of policies.filter((one) => wanted.includes(one.name)))
      rows.push(simulatedRow(policy, name, plan, bounds.get(name) ?? 0, { profile, seconds }))

  await using held = new AsyncDisposableStack()
  const stack = held.use(
    await startBenchStack({
      nodes,
      workers: 2,
      routers: 1,
      nodeInFlightMax: profile.sequencesMax,
      nodeEnv: { VLLM_SIM_PERFORMANCE: profileName },
      signal,
      onNotice: onProgress,
    }),
  )
  // A flag that operators are advised to set: the node tells what it found cached.
  for (const { adminUrl } of stack.nodes)
    await fetch(`${adminUrl}/settings`, { method: 'POST', body: JSON.stringify({ promptTokensDetails: true }) })
  const { subjects, absent } = await startSubjects(wanted, { stack, held, folder, signal, onProgress })
  const longCost = new Map<Subject, number>()
  for (const subject of subjects) longCost.set(subject, await costOfLongPrompts(subject, signal, options.quick))
  for (const { name, plan } of plans) {
    for (const subject of subjects) {
      const ttft = new LatencyRecorder()
      let outputTokens = 0
      const before = await cacheCounters(stack)
      const turn = `${subject.name}, ${name}`
      if (!budget.fits(turn, spanMs + drainMs)) continue
      const load: MeasureOptions = {
        plan: salted(plan, `${subject.name} ${name}`),
        warmUpMs: 0,
        measuredMs: spanMs,
        drainMs,
        signal,
        onJudged(request, { outcome, ttftMs }) {
          if (outcome !== 'right') return
          outputTokens += request.outputTokens
          if (ttftMs !== null) ttft.record(ttftMs)
        },
      }
      const measured = await tryTurn(subject, load, turn, budget)
      if (measured === null) continue
      const hitRate = hitsBetween(before, await cacheCounters(stack))
      const errors = Object.values(measured.errors).reduce((sum, count) => sum + count, 0)
      const cpuMs = [...measured.cpuMs.values()].reduce((sum, ms) => sum + ms, 0)
      rows.push({
        subject: subject.name,
        workload: name,
        hitRate,
        hitRateOfBound: hitRate === null ? null : ratio(hitRate / (bounds.get(name) ?? 1)),
        ttftMs: percentiles(ttft),
        outputTokensPerSecond: roundMs(outputTokens / seconds),
        requests: measured.requests,
        errors,
        cpuMsPerRequest: roundMs(cpuMs / Math.max(1, measured.requests)),
        cpuMsPer100kTokenRequest: longCost.get(subject) ?? null,
      })
      onProgress(
        `${subject.name}, ${name}: hit rate ${hitRate ?? '-'}, ${errors} of ${measured.requests} wrong ${JSON.stringify(measured.errors)}`,
      )
    }
  }
  const ordered = names.flatMap((workload) =>
    wanted.flatMap((name) => rows.filter((row) => row.subject === name && row.workload === workload)),
  )
  const missed = ordered
    .filter(({ subject, hitRateOfBound }) => subject === 'penstock' && (hitRateOfBound ?? 0) < aims.hitRateOfBound)
    .map(
      ({ workload, hitRateOfBound }) =>
        `${workload}: hit rate is ${hitRateOfBound ?? '-'} of the bound, aim ${aims.hitRateOfBound}`,
    )
  return {
    rows: ordered,
    absent,
    failures: [],
    text: [prefixTable(ordered), ...missed.map((sentence) => `missed: ${sentence}`)].join('\n'),
    facts: {
      missedAims: missed,
      leftOut: budget.leftOut,
      hitRateBound: Object.fromEntries(bounds),
      bound:
        'one cache with the blocks of all nodes, least recently used first out, filled by each prompt when it arrives; room that running requests and their answers hold is left out, so it is a little too high',
      nodes,
      profile: profileName,
      secondsPerTurn: seconds,
      policies: policies.map(({ name, summary }) => ({ name, summary })),
      subjects: subjects.map(({ name, version }) => ({ name, version })),
    },
  }
}

/** What one cache with the blocks of all nodes would find of a plan's prompt tokens. */
export const sharedCacheBound = (
  plan: readonly WorkloadRequest[],
  { kvBlocks }: Pick<PerformanceProfile, 'kvBlocks'>,
): number => {
  const cache = new BlockIndex([{ blocks: kvBlocks * nodes }])
  let [found, asked] = [0, 0]
  for (const request of plan) {
    const chain = chainKeys(blockKeys(request))
    found += cache.matched(0, chain) * keyTokens
    asked += request.prompt.reduce((sum, { tokens }) => sum + tokens, 0)
    cache.sent(0, chain)
  }
  return asked === 0 ? 0 : ratio(found / asked)
}

const simulatedRow = (
  policy: (typeof policies)[number],
  workload: string,
  plan: readonly WorkloadRequest[],
  bound: number,
  { profile, seconds }: { profile: PerformanceProfile; seconds: number },
): PrefixRow => {
  const run = simulatePolicy({ policy, nodes, profile, plan, patienceMs })
  const outputTokens = run.outcomes.reduce(
    (sum, { complete, request }) => sum + (complete ? request.outputTokens : 0),
    0,
  )
  const ttft = new LatencyRecorder()
  for (const { ttftMs } of run.outcomes) if (ttftMs !== null) ttft.record(ttftMs)
  const hitRate = ratio(run.cachedTokens / Math.max(1, run.queriedTokens))
  return {
    subject: policy.name,
    workload,
    hitRate,
    hitRateOfBound: ratio(hitRate / bound),
    ttftMs: percentiles(ttft),
    outputTokensPerSecond: roundMs(outputTokens / seconds),
    requests: plan.length,
    errors: run.outcomes.filter(({ complete }) => !complete).length,
    cpuMsPerRequest: null,
    cpuMsPer100kTokenRequest: null,
  }
}

/** CPU of all processes on the path per request whose prompt has 100 k tokens. Eight prompts take turns, so that nodes need not compute each anew. */
const costOfLongPrompts = async (subject: Subject, signal: AbortSignal, quick: boolean): Promise<number> => {
  const count = quick ? 8 : 20
  const plan = Array.from({ length: count }, (_, index): WorkloadRequest => ({
    atMs: index * 1000,
    lane: 'interactive',
    user: index,
    session: `long ${index % 8}`,
    prompt: [
      { seed: `long ${index % 8}`, tokens: longPromptTokens - 16 },
      { seed: `long end ${index}`, tokens: 16 },
    ],
    outputTokens: 4,
    cutAfterMs: null,
  }))
  const measuredMs = count * 1000
  const { cpuMs } = await measure(subject, { plan, warmUpMs: 0, measuredMs, drainMs: 20_000, signal })
  return roundMs([...cpuMs.values()].reduce((sum, ms) => sum + ms, 0) / count)
}

interface CacheCounters {
  readonly queried: number
  readonly found: number
}

/** Of all nodes together; 0 where a node does not count. */
const cacheCounters = async ({ nodes: all }: TestStack): Promise<CacheCounters> => {
  let [queried, found] = [0, 0]
  for (const { url } of all) {
    const text = await (await fetch(new URL('/metrics', url))).text()
    queried += counter(text, 'vllm:prefix_cache_queries')
    found += counter(text, 'vllm:prefix_cache_hits')
  }
  return { queried, found }
}

const counter = (text: string, name: string): number =>
  [...text.matchAll(new RegExp(`^${name}(?:_total)?(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  )

const hitsBetween = (before: CacheCounters, after: CacheCounters): number | null =>
  after.queried === before.queried ? null : ratio((after.found - before.found) / (after.queried - before.queried))

const percentiles = (recorder: LatencyRecorder): PrefixRow['ttftMs'] =>
  recorder.count === 0
    ? null
    : { p50: recorder.percentileMs(50), p90: recorder.percentileMs(90), p99: recorder.percentileMs(99) }

const ratio = (value: number): number => Math.round(value * 1000) / 1000

const prefixTable = (rows: readonly PrefixRow[]): string =>
  textTable(
    [
      'subject',
      'workload',
      'hit rate',
      'of bound',
      'TTFT p50',
      'p90',
      'p99 ms',
      'tokens/s',
      'errors',
      'CPU ms/req',
      'CPU ms at 100k',
    ],
    rows.map((row) => [
      row.subject,
      row.workload,
      row.hitRate?.toFixed(3) ?? '-',
      row.hitRateOfBound?.toFixed(3) ?? '-',
      row.ttftMs?.p50.toFixed(0) ?? '-',
      row.ttftMs?.p90.toFixed(0) ?? '-',
      row.ttftMs?.p99.toFixed(0) ?? '-',
      row.outputTokensPerSecond.toFixed(0),
      `${row.errors}/${row.requests}`,
      row.cpuMsPerRequest?.toFixed(1) ?? '-',
      row.cpuMsPer100kTokenRequest?.toFixed(1) ?? '-',
    ]),
  )
