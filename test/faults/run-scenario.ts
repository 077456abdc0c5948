import { monitorEventLoopDelay } from 'node:perf_hooks'
import { openOrigin } from '../stack/http-stream.ts'
import { seededRandom } from '../stack/seeded-random.ts'
import { startTestStack } from '../stack/start-stack.ts'
import { proveAudit } from './audit-proof.ts'
import { keepAsking } from './keep-asking.ts'
import { FaultProxies } from './fault-proxies.ts'
import type { Load, Scenario } from './scenario.ts'
import { strikeAgainAndAgain } from './strike-loop.ts'
import type { Observation } from './stream-probe.ts'
import { Tally } from './tally.ts'
import { judge } from './verdict.ts'
import { listenToBeats } from './worker-beats.ts'

export interface RunOptions {
  /** New streams are begun, and victims struck, for this long. */
  readonly seconds: number
  readonly seed: number
  /** Strikes only this one of the scenario's victims; absent: any. */
  readonly victim?: string
  readonly signal: AbortSignal
  readonly onProgress: (sentence: string) => void
}

/** What a run prints. The members up to `auditComplete` are its contract with whoever runs it. */
export interface RunReport {
  readonly scenario: string
  readonly verdict: 'pass' | 'fail'
  readonly requests: number
  readonly refused: number
  readonly lost: number
  readonly cut: number
  readonly bytesWrong: number
  readonly serverErrors: number
  readonly longestSilenceMs: number
  readonly ttfbMsMax: number
  readonly attempts: number
  readonly kills: number
  readonly auditComplete: boolean
  readonly completed: number
  readonly failures: readonly string[]
  /** The first few things that went wrong with a stream or the audit log. */
  readonly problems: readonly string[]
  readonly seconds: number
  readonly seed: number
  /** Longest the client itself was busy: no silence shorter than this proves anything. */
  readonly clientStallMsMax: number
}

const workers = 3
const steady: Load = { concurrent: 20, tokensMin: 300, tokensMax: 600 }
/** Two nodes of 24 for 20 streams: 42 % full, and 63 % while one of three workers is away with its share. */
const nodeInFlightMax = 24
const nodeEnv = { VLLM_SIM_TTFT_MS: '50', VLLM_SIM_ITL_MS: '20' }
const strikeEveryMs = 5000
const progressEveryMs = 5000
const auditWithinMs = 20_000
const problemsMax = 10

/** Starts a stack, keeps streams open while the scenario strikes, waits for all ends and for the audit log, and judges. Bounded in time. */
export const runScenario = async (scenario: Scenario, options: RunOptions): Promise<RunReport> => {
  const { seconds, seed, victim, onProgress } = options
  const { load = steady, everyMs = strikeEveryMs, proxied = false } = scenario
  const failing = new AbortController()
  const signal = AbortSignal.any([options.signal, failing.signal])
  await using held = new AsyncDisposableStack()
  const proxies = held.use(new FaultProxies())
  const stack = held.use(
    await startTestStack({
      nodes: 2,
      workers,
      routers: 1,
      nodeInFlightMax: Math.max(nodeInFlightMax, load.concurrent),
      nodeEnv,
      ...scenario.stack,
      ...(proxied ? { route: proxies.route } : {}),
      signal: options.signal,
      onNotice: onProgress,
    }),
  )
  const victims = scenario.victims(stack).filter((name) => victim === undefined || name === victim)
  if (victims.length === 0)
    throw new Error(`${scenario.name} strikes ${scenario.victims(stack).join(', ')}, not ${victim}`)
  const beats = held.use(await listenToBeats(stack.stack.natsUrl))
  const origins = stack.apiUrls.map((url) => held.use(openOrigin(url, { silenceMs: 60_000 })))
  const tally = new Tally()
  const problems: string[] = []
  const startedAt = performance.now()
  const clock = (): string => `${Math.round((performance.now() - startedAt) / 1000)} s`
  const note = (sentence: string): void => {
    if (problems.length < problemsMax) problems.push(sentence)
    onProgress(`${clock()}: ${sentence}`)
  }
  const completedIds = new Set<string>()
  const onEnd = (id: string, observation: Observation): void => {
    tally.add(observation)
    const { problem, outcome } = observation
    if (outcome === 'completed') completedIds.add(id)
    if (problem !== null) note(`${id} ${outcome}: ${problem}`)
  }
  const progress = setInterval(() => onProgress(`${clock()}: ${JSON.stringify(tally.sums)}`), progressEveryMs)
  held.defer(() => clearInterval(progress))
  const stalls = monitorEventLoopDelay({ resolution: 10 })
  stalls.enable()

  const untilAt = startedAt + seconds * 1000
  /** Until when each ingress was last struck; infinite while it is. */
  const struckUntil = stack.ingresses.map(() => Number.NEGATIVE_INFINITY)
  const asking = {
    origins,
    openAiKey: stack.openAiKey,
    load,
    untilAt,
    random: seededRandom(seed),
    signal,
    onEnd,
    wasStruck: (ingress: number, sinceAt: number) => Number(struckUntil[ingress]) > sinceAt,
  }
  const striking = {
    victims,
    everyMs,
    untilAt,
    random: seededRandom(seed + 1),
    onStrike: (victim: string, backAfterMs: number | null) => {
      const ingress = stack.ingresses.indexOf(scenario.cutsStreamsOf?.(victim) ?? '')
      if (ingress >= 0) struckUntil[ingress] = backAfterMs === null ? Number.POSITIVE_INFINITY : performance.now()
      onProgress(
        `${clock()}: ${victim} ${backAfterMs === null ? 'struck' : `well again after ${Math.round(backAfterMs)} ms`}`,
      )
    },
  }
  const endOther = (error: unknown): never => {
    if (!failing.signal.aborted && !options.signal.aborted) {
      stack.keepFiles()
      onProgress(`logs and records of the broken run are in ${stack.dataDir}`)
    }
    failing.abort(error)
    throw error
  }
  let own = 0
  const answered = (): number => (own += 1)
  const stage = { stack: stack.stack, test: stack, beats, proxies, random: seededRandom(seed + 2), signal, answered }
  const [kills] = await Promise.all([
    strikeAgainAndAgain(scenario, stage, striking).catch(endOther),
    keepAsking(asking).catch(endOther),
  ])
  stalls.disable()

  onProgress(`${clock()}: all streams have ended; waiting for the audit log`)
  const { sums } = tally
  const seen = { ...sums, requests: sums.requests + own, completed: sums.completed + own, completedIds }
  const audit = await proveAudit(stack.archiveDir, seen, auditWithinMs)
  for (const problem of audit.problems) note(`audit: ${problem}`)
  const { completed, ...counts } = sums
  const facts = { ...counts, attempts: audit.attempts, kills, auditComplete: audit.complete }
  const { verdict, failures } = judge({ ...facts, completed }, scenario.limits)
  if (verdict === 'fail') {
    stack.keepFiles()
    onProgress(`logs and records of the failed run are in ${stack.dataDir}`)
  }
  const clientStallMsMax = Math.round(stalls.max / 1e6)
  return { scenario: scenario.name, verdict, ...facts, completed, failures, problems, seconds, seed, clientStallMsMax }
}
