import { performanceProfile } from '@penstock/vllm-sim'
import { seededRandom } from '../../stack/seeded-random.ts'
import { startBenchStack } from '../bench-stack.ts'
import { IdlePrefill, judgedOutcome, scoreLoad, simulatedOutcome } from '../lane-score.ts'
import type { LaneScore, LoadScore, Outcome } from '../lane-score.ts'
import { roundMs } from '../latency.ts'
import type { MeasureOptions } from '../measure.ts'
import { policies, policyNames } from '../policies/registry.ts'
import { simulatePolicy } from '../policies/simulate-policy.ts'
import { startSubjects, subjectNames } from '../subjects/registry.ts'
import { textTable } from '../text-table.ts'
import { workloadByName } from '../workloads/registry.ts'
import type { BenchLane, WorkloadRequest } from '../workloads/workload.ts'
import { salted } from './salted.ts'
import { tryTurn } from './subject-turns.ts'
import type { Suite, SuiteContext, SuiteResult } from './suite.ts'

/** One subject or policy at one load. */
interface GoodputRow {
  readonly subject: string
  /** In multiples of the capacity in requests per second. */
  readonly load: number
  /** Of the best goodput that any subject or policy reached at any load of this run. */
  readonly goodputOfCapacity: number
  readonly lanes: Readonly<Record<BenchLane, LaneScore>>
  readonly refusalMsP99: number | null
  readonly goodputTokensPerSecond: number
  readonly givenUp: number
  readonly cpuMsPerRequest: number | null
  readonly rssMiB: number | null
  readonly machineBusyRatio: number | null
}

const nodes = 4
/** The pair with measured constants whose capacity two cores can still overload three times. */
const profileName = 'llama-3.1-8b@a100'
const loads = [0.5, 1, 2, 3]
const aims = { goodputOfCapacity: 0.95, completionP99Factor: 1.5, refusalMs: 50 } as const
/** What GitLab waits for the first byte. */
const patienceMs = 55_000

export const goodput: Suite = {
  name: 'goodput',
  summary: 'mixed at 0.5 to 3 times capacity on 4 modelled nodes: useful tokens, and what each lane feels',
  subjects: [...subjectNames, ...policyNames],
  run: (context) => runGoodput(context),
}

const runGoodput = async ({ options, folder, signal, onProgress, budget }: SuiteContext): Promise<SuiteResult> => {
  const seconds = options.seconds ?? (options.quick ? 10 : 40)
  const warmUpMs = options.quick ? 6000 : 10_000
  const spanMs = warmUpMs + seconds * 1000
  const drainMs = options.quick ? 3000 : 8000
  const workload = workloadByName(options.workloads?.[0] ?? 'mixed', options.trace)
  const profile = performanceProfile(profileName)
  const idle = new IdlePrefill(profile)
  const planAt = (perSecond: number): WorkloadRequest[] =>
    workload.plan({ perSecond, spanMs, random: seededRandom(options.seed) })
  const counted = (outcomes: readonly Outcome[]): LoadScore =>
    scoreLoad(
      outcomes.filter(({ request }) => request.atMs >= warmUpMs),
      spanMs - warmUpMs,
      idle,
    )
  const wanted = options.subjects ?? [...subjectNames, ...policyNames]
  const simulate = (policy: (typeof policies)[number], plan: readonly WorkloadRequest[]): LoadScore =>
    counted(simulatePolicy({ policy, nodes, profile, plan, patienceMs }).outcomes.map(simulatedOutcome))

  const capacityRps = findCapacity((perSecond) => {
    const plan = planAt(perSecond)
    return Math.max(
      ...policies.map((policy) => simulate(policy, plan).goodputTokensPerSecond / wantedRate(plan, warmUpMs, spanMs)),
    )
  })
  onProgress(`capacity: ${capacityRps} requests/s of ${workload.name} on ${nodes} × ${profileName}`)
  const at = options.rates ?? loads
  const rows: Omit<GoodputRow, 'goodputOfCapacity'>[] = []
  for (const load of at)
    for (const policy of policies.filter(({ name }) => wanted.includes(name)))
      rows.push({
        subject: policy.name,
        load,
        ...simulate(policy, planAt(capacityRps * load)),
        cpuMsPerRequest: null,
        rssMiB: null,
        machineBusyRatio: null,
      })

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
  const { subjects, absent } = await startSubjects(wanted, { stack, held, folder, signal, onProgress })
  for (const load of at) {
    const plan = planAt(capacityRps * load)
    for (const subject of subjects) {
      const outcomes: Outcome[] = []
      const turn = `${subject.name} at ${load}×`
      if (!budget.fits(turn, spanMs + drainMs)) continue
      const asked: MeasureOptions = {
        plan: salted(plan, `${subject.name} ${load}`),
        warmUpMs,
        measuredMs: seconds * 1000,
        drainMs,
        signal,
        onJudged: (request, judgement) => outcomes.push(judgedOutcome(request, judgement)),
      }
      const measured = await tryTurn(subject, asked, turn, budget)
      if (measured === null) continue
      const score = counted(outcomes)
      const cpuMs = [...measured.cpuMs.values()].reduce((sum, ms) => sum + ms, 0)
      rows.push({
        subject: subject.name,
        load,
        ...score,
        cpuMsPerRequest: roundMs(cpuMs / Math.max(1, measured.requests)),
        rssMiB: measured.rssMiB,
        machineBusyRatio: measured.machineBusyRatio,
      })
      const strange = Object.entries(measured.errors).filter(([reason]) => reason !== 'status 429')
      onProgress(
        `${subject.name} at ${load}×: ${score.goodputTokensPerSecond} useful tokens/s, ${measured.refused} refused${strange.map(([reason, count]) => `, ${count} × ${reason}`).join('')}`,
      )
    }
  }
  const best = Math.max(...rows.map(({ goodputTokensPerSecond }) => goodputTokensPerSecond))
  const ordered = wanted.flatMap((name) => rows.filter(({ subject }) => subject === name))
  const full = ordered.map((row): GoodputRow => ({
    ...row,
    goodputOfCapacity: ratio(row.goodputTokensPerSecond / best),
  }))
  const missed = missedAims(full)
  return {
    rows: full,
    absent,
    failures: [],
    text: [goodputTable(full), ...missed.map((sentence) => `missed: ${sentence}`)].join('\n'),
    facts: {
      missedAims: missed,
      leftOut: budget.leftOut,
      warmUpMs,
      capacity: {
        requestsPerSecond: capacityRps,
        goodputTokensPerSecond: best,
        users: Math.round((capacityRps / 7) * 1000),
      },
      workload: workload.name,
      nodes,
      profile: profileName,
      secondsPerTurn: seconds,
      policies: policies.map(({ name, summary }) => ({ name, summary })),
      subjects: subjects.map(({ name, version }) => ({ name, version })),
    },
  }
}

/** Requested tokens per second of those that their clients wait for. */
const wantedRate = (plan: readonly WorkloadRequest[], fromMs: number, spanMs: number): number =>
  (plan
    .filter(({ atMs, cutAfterMs }) => atMs >= fromMs && cutAfterMs === null)
    .reduce((sum, { outputTokens }) => sum + outputTokens, 0) /
    (spanMs - fromMs)) *
  1000

/** The highest rate at which the best policy serves 95 % of what is wanted within its target, in half requests per second. */
const findCapacity = (served: (perSecond: number) => number): number => {
  let [low, high] = [1, 64]
  while (high - low > 0.5) {
    const middle = (low + high) / 2
    if (served(middle) >= 0.95) low = middle
    else high = middle
  }
  return Math.round(low * 2) / 2
}

const missedAims = (rows: readonly GoodputRow[]): string[] => {
  const mine = rows.filter(({ subject }) => subject === 'penstock')
  const calm = mine.find(({ load }) => load <= 0.5)?.lanes.completion.ttftMs?.p99
  return mine
    .filter(({ load }) => load >= 3)
    .flatMap(({ goodputOfCapacity, lanes, refusalMsP99 }) => {
      const p99 = lanes.completion.ttftMs?.p99
      return [
        ...(goodputOfCapacity < aims.goodputOfCapacity
          ? [`goodput at 3× is ${goodputOfCapacity} of capacity, aim ${aims.goodputOfCapacity}`]
          : []),
        ...(calm !== undefined && (p99 ?? Infinity) > aims.completionP99Factor * calm
          ? [`completions' TTFT p99 at 3× is ${p99 ?? '-'} ms, aim ${aims.completionP99Factor} × ${calm} ms`]
          : []),
        ...((refusalMsP99 ?? 0) > aims.refusalMs
          ? [`refusals take ${refusalMsP99} ms at p99, aim ${aims.refusalMs} ms`]
          : []),
      ]
    })
}

const ratio = (value: number): number => Math.round(value * 1000) / 1000

const goodputTable = (rows: readonly GoodputRow[]): string =>
  textTable(
    [
      'subject',
      'load',
      'of capacity',
      'completion p50',
      'p99 ms',
      'done',
      'refused',
      'missed',
      'interactive p50',
      'p99 ms',
      'done',
      'refused',
      'missed',
      'refusal p99',
      'CPU ms/req',
    ],
    rows.map((row) => [
      row.subject,
      `${row.load}×`,
      row.goodputOfCapacity.toFixed(3),
      ...laneCells(row.lanes.completion),
      ...laneCells(row.lanes.interactive),
      row.refusalMsP99?.toFixed(0) ?? '-',
      row.cpuMsPerRequest?.toFixed(1) ?? '-',
    ]),
  )

const laneCells = ({ ttftMs, completed, refused, missed }: LaneScore): string[] => [
  ttftMs?.p50.toFixed(0) ?? '-',
  ttftMs?.p99.toFixed(0) ?? '-',
  String(completed),
  String(refused),
  String(missed),
]
