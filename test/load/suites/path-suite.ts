import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { seededRandom } from '../../stack/seeded-random.ts'
import { startBenchStack } from '../bench-stack.ts'
import { pathRows, pathTable } from '../path-rows.ts'
import type { MeasuredCell, PathRow } from '../path-rows.ts'
import { printProfiles } from '../profiles.ts'
import { startSubjects, subjectNames } from '../subjects/registry.ts'
import { steadyLoad } from './steady-load.ts'
import { checkQuiet, takeTurns, tryTurn } from './subject-turns.ts'
import type { Suite, SuiteContext, SuiteResult } from './suite.ts'

/** One size of requests at several rates, through every subject. */
export interface PathSuite {
  readonly name: string
  readonly summary: string
  readonly workload: {
    readonly promptTokens: number
    readonly outputTokens: number
    readonly ttftMs: number
    readonly itlMs: number
  }
  readonly rates: readonly number[]
  readonly quickRates: readonly number[]
  readonly seconds: number
  readonly quickSeconds: number
  readonly quickRounds: number
  readonly drainMs: number
  /** A subject that was saturated at one rate is not asked at the next. */
  saturated(row: PathRow): boolean
  /** Members of the document that judge the rows. */
  judge(rows: readonly PathRow[]): { facts: Record<string, unknown>; lines: string[]; failures: string[] }
}

/** Far above what the highest rate keeps under way, so that no request waits for a slot: what is measured is the path. */
const nodeInFlightMax = 512
const warmUpMs = 1000
/** Before the first turn, so that the lowest rate is not measured on code that has never run. */
const heatUp = { perSecond: 60, ms: 10_000, quickMs: 4000 } as const

export const pathSuite = (suite: PathSuite): Suite => ({
  name: suite.name,
  summary: suite.summary,
  subjects: subjectNames,
  run: (context) => runPathSuite(suite, context),
})

const runPathSuite = async (suite: PathSuite, context: SuiteContext): Promise<SuiteResult> => {
  const { options, signal, onProgress, folder, budget } = context
  const { quick, profile } = options
  const { workload } = suite
  const rates = options.rates ?? (profile ? [100] : quick ? suite.quickRates : suite.rates)
  const rounds = options.rounds ?? (profile ? 1 : quick ? suite.quickRounds : 3)
  const seconds = options.seconds ?? (quick ? suite.quickSeconds : suite.seconds)
  const wanted = options.subjects ?? (profile ? ['penstock'] : subjectNames)
  const profiles = join(folder, 'profiles')
  await mkdir(profiles, { recursive: true })
  await using held = new AsyncDisposableStack()
  const stack = held.use(
    await startBenchStack({
      nodes: 2,
      workers: 2,
      routers: 1,
      nodeInFlightMax,
      nodeEnv: {
        VLLM_SIM_TTFT_MS: String(workload.ttftMs),
        VLLM_SIM_ITL_MS: String(workload.itlMs),
        VLLM_SIM_MAX_NUM_SEQS: String(nodeInFlightMax),
      },
      env: profile ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` } : {},
      signal,
      onNotice: onProgress,
    }),
  )
  const { subjects, absent } = await startSubjects(wanted, { stack, held, folder, signal, onProgress })
  const random = seededRandom(options.seed)
  const { promptTokens, outputTokens } = workload
  const turnOf = (perSecond: number, beforeMs: number, measuredMs: number) => ({
    plan: steadyLoad({ perSecond, spanMs: beforeMs + measuredMs, promptTokens, outputTokens, random }),
    warmUpMs: beforeMs,
    measuredMs,
    drainMs: suite.drainMs,
    signal,
  })
  for (const subject of subjects)
    await tryTurn(
      subject,
      turnOf(heatUp.perSecond, 0, quick ? heatUp.quickMs : heatUp.ms),
      `${subject.name}, warm-up`,
      budget,
    )
  onProgress('every path is warm')
  const idle = await checkQuiet(subjects, onProgress)

  const cells: MeasuredCell[] = []
  let rested = subjects
  for (const rps of rates) {
    const turn = () => turnOf(rps, warmUpMs, seconds * 1000)
    const turns = await takeTurns({ subjects: rested, rounds, what: `at ${rps}/s`, budget, turn, onProgress })
    for (const [{ name }, measured] of turns)
      if (measured.length > 0) cells.push({ subject: name, rps, turns: measured })
    const full = pathRows(cells).filter((row) => row.rps === rps && suite.saturated(row))
    rested = rested.filter(({ name }) => full.every(({ subject }) => subject !== name))
  }
  if (profile) {
    const pids = stack.pathPids()
    await stack.stop()
    await printProfiles(profiles, pids)
  }
  const rows = pathRows(cells)
  const { facts, lines, failures } = suite.judge(rows)
  return {
    rows,
    absent,
    failures,
    text: [pathTable(rows), ...lines].join('\n'),
    facts: {
      ...facts,
      leftOut: budget.leftOut,
      workload,
      secondsPerTurn: seconds,
      rounds,
      idleCpuMsPerSecond: Object.fromEntries(idle.cpuMsPerSecond),
      idleMachineBusyRatio: idle.machineBusyRatio,
      subjects: subjects.map(({ name, version }) => ({ name, version })),
    },
  }
}
