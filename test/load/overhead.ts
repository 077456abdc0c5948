import { openOrigin } from '../stack/http-stream.ts'
import { seededRandom } from '../stack/seeded-random.ts'
import { testModel } from '../stack/seed-config.ts'
import { startTestStack } from '../stack/start-stack.ts'
import type { TestStack } from '../stack/start-stack.ts'
import { measureIdleness } from './cpu-clock.ts'
import type { Idleness } from './cpu-clock.ts'
import type { MeasuredCell } from './overhead-report.ts'
import { runTurn } from './turn.ts'
import type { Subject, Turn, TurnOptions } from './turn.ts'

export const subjectNames = ['direct', 'penstock'] as const
export type SubjectName = (typeof subjectNames)[number]

export interface OverheadOptions {
  readonly subjects: readonly SubjectName[]
  /** Requests per second. */
  readonly rates: readonly number[]
  /** Measured part of each turn. */
  readonly secondsPerTurn: number
  readonly rounds: number
  readonly warmUpMs: number
  readonly seed: number
  readonly signal: AbortSignal
  /** Further variables of Penstock's services. */
  readonly serviceEnv?: Readonly<Record<string, string>>
  readonly onProgress: (sentence: string) => void
  /** Called after the last turn, once all processes have ended, with who they were. */
  readonly onStopped?: (pids: ReadonlyMap<string, number>) => Promise<void>
}

export interface OverheadMeasurement {
  readonly cells: MeasuredCell[]
  /** Before the first turn, while nothing is asked. */
  readonly idle: Idleness
}

/** The load: 8 KB of prompt, 100 tokens of answer; nodes that take 20 ms to the first token and 10 ms to each further one. */
export const workload = { promptBytes: 8192, outputTokens: 100, ttftMs: 20, itlMs: 10 } as const

/** Far above what the highest rate keeps under way, so that no request waits for a slot: what is measured is the path. */
const nodeInFlightMax = 512
/** Before the first turn, so that the lowest rate is not measured on code that has never run: 600 requests each. */
const heatUp = { perSecond: 60, ms: 10_000 } as const
const idleSeconds = 3
/** A machine busier than this before the first turn is working on something else. */
const quietRatio = 0.15
/** Longest silence within a stream that the generator sits out, ms. */
const silenceMs = 30_000

/** Measures subjects in turns, A/B/A/B at each rate, so that what else goes on in the machine meets both alike. */
export const measureOverhead = async (options: OverheadOptions): Promise<OverheadMeasurement> => {
  const { subjects, rates, rounds, seed, signal, onProgress } = options
  await using held = new AsyncDisposableStack()
  const stack = held.use(
    await startTestStack({
      nodes: 2,
      workers: 2,
      routers: 1,
      nodeInFlightMax,
      nodeEnv: {
        VLLM_SIM_TTFT_MS: String(workload.ttftMs),
        VLLM_SIM_ITL_MS: String(workload.itlMs),
        VLLM_SIM_MAX_NUM_SEQS: String(nodeInFlightMax),
      },
      env: options.serviceEnv ?? {},
      signal,
      onNotice: onProgress,
    }),
  )
  const loads = subjects.map((name) => makeSubject(name, stack, held))
  const random = seededRandom(seed)
  const turnOf = (perSecond: number): TurnOptions => ({
    perSecond,
    warmUpMs: options.warmUpMs,
    measuredMs: options.secondsPerTurn * 1000,
    promptBytes: workload.promptBytes,
    outputTokens: workload.outputTokens,
    random,
    signal,
  })
  for (const subject of loads)
    await runTurn(subject, { ...turnOf(heatUp.perSecond), warmUpMs: 0, measuredMs: heatUp.ms })
  onProgress('every path is warm')
  const idle = await measureIdleness(stack.pathPids(), idleSeconds)
  if (idle.machineBusyRatio > quietRatio) {
    onProgress(
      `the machine is ${Math.round(idle.machineBusyRatio * 100)} % busy with other work: what is measured now is no figure`,
    )
  }
  const cells: MeasuredCell[] = []
  for (const rps of rates) {
    const turns = new Map(loads.map((subject): [Subject, Turn[]] => [subject, []]))
    for (let round = 1; round <= rounds; round++) {
      for (const [subject, measured] of turns) {
        const turn = await runTurn(subject, turnOf(rps))
        measured.push(turn)
        onProgress(describeTurn(`${subject.name} at ${rps}/s, round ${round} of ${rounds}`, turn))
      }
    }
    for (const [{ name }, measured] of turns) cells.push({ subject: name, rps, turns: measured })
  }
  if (options.onStopped !== undefined) {
    const pids = stack.pathPids()
    await stack.stop()
    await options.onStopped(pids)
  }
  return { cells, idle }
}

const describeTurn = (what: string, { requests, errors, ttftMs }: Turn): string => {
  const wrong = Object.entries(errors).map(([reason, count]) => `, ${count} × ${reason}`)
  return `${what}: ${requests} requests, TTFT p50 ${ttftMs?.p50 ?? '-'} p99 ${ttftMs?.p99 ?? '-'} ms${wrong.join('')}`
}

/** `direct`: straight to the nodes in turns. `penstock`: through its OpenAI front. */
const makeSubject = (name: SubjectName, stack: TestStack, held: AsyncDisposableStack): Subject => {
  const open = (url: string) => held.use(openOrigin(url, { silenceMs }))
  const path = '/v1/chat/completions'
  switch (name) {
    case 'direct': {
      const targets = stack.nodes.map(({ url }) => ({
        origin: open(new URL(url).origin),
        path,
        headers: {},
        model: testModel.servedName,
      }))
      return { name, targets, pathPids: () => new Map() }
    }
    case 'penstock': {
      const headers = { authorization: `Bearer ${stack.openAiKey}` }
      return {
        name,
        targets: [{ origin: open(stack.apiUrl), path, headers, model: testModel.name }],
        pathPids: () => stack.pathPids(),
      }
    }
  }
}
