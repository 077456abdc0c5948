import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { seededRandom } from '../../stack/seeded-random.ts'
import type { Random } from '../../stack/seeded-random.ts'
import { startBenchStack } from '../bench-stack.ts'
import type { Judgement } from '../generator/judge.ts'
import { LatencyRecorder, difference, medianOverRounds, roundMs } from '../latency.ts'
import type { Percentiles } from '../latency.ts'
import { pathRows } from '../path-rows.ts'
import type { PathRow } from '../path-rows.ts'
import { printProfiles } from '../profiles.ts'
import { startSubjects, subjectNames } from '../subjects/registry.ts'
import { textTable } from '../text-table.ts'
import { usersMax } from '../workloads/workload.ts'
import type { WorkloadRequest } from '../workloads/workload.ts'
import { checkQuiet, takeTurns, tryTurn } from './subject-turns.ts'
import type { Suite, SuiteContext, SuiteResult } from './suite.ts'

/** 20 tokens per second each, as fast as people read; a stream runs 30 s, so that beginnings and ends belong to the load. */
const shape = { live: 1000, ttftMs: 50, itlMs: 50, tokens: 600, promptTokens: 200 } as const
/** In which the streams begin. The first ones are shorter by chance, so that as many end as begin from then on. */
const rampMs = 5000
const settleMs = 2000
const aims = { addedP99Ms: 20, generatorP99Ms: 5 } as const

/** A row of this suite: `rps` is the streams that begin per second, and what counts is each token. */
interface StreamRow extends PathRow {
  readonly liveStreams: number
  readonly tokensPerSecond: number
  /** How much later than the nodes' schedule a token came, counted from when its stream was meant to begin. */
  readonly tokenLatencyMs: Percentiles | null
  readonly addedTokenLatencyMs: Percentiles | null
  readonly cpuMsPerThousandTokens: number
}

export const streams: Suite = {
  name: 'streams',
  summary: '1,000 live streams of 20 tokens/s each: how late tokens are, what they cost, and how late the generator is',
  subjects: subjectNames,
  run: (context) => runStreams(context),
}

const runStreams = async ({ options, signal, onProgress, folder, budget }: SuiteContext): Promise<SuiteResult> => {
  const seconds = options.seconds ?? (options.quick ? 6 : 120)
  const rounds = options.rounds ?? 1
  const live = options.rates?.[0] ?? shape.live
  const nodeInFlightMax = Math.max(512, live)
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
        VLLM_SIM_TTFT_MS: String(shape.ttftMs),
        VLLM_SIM_ITL_MS: String(shape.itlMs),
        VLLM_SIM_MAX_NUM_SEQS: String(nodeInFlightMax),
      },
      env: options.profile ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` } : {},
      signal,
      onNotice: onProgress,
    }),
  )
  const wanted = options.subjects ?? (options.profile ? ['penstock'] : subjectNames)
  const { subjects, absent } = await startSubjects(wanted, {
    stack,
    held,
    folder,
    signal,
    onProgress,
  })
  const random = seededRandom(options.seed)
  const warmUpMs = rampMs + settleMs
  const endMs = warmUpMs + seconds * 1000
  for (const subject of subjects) {
    const plan = planStreams(Math.min(100, live), 4000, random)
    const turn = { plan, warmUpMs: 0, measuredMs: 4000, drainMs: 500, signal }
    await tryTurn(subject, turn, `${subject.name}, warm-up`, budget)
  }
  const idle = await checkQuiet(subjects, onProgress)
  const books = new Map(subjects.map((subject) => [subject, [] as TokenBook[]]))
  const turns = await takeTurns({
    subjects,
    rounds,
    what: `with ${live} streams`,
    budget,
    onProgress,
    turn(subject) {
      const book = new TokenBook(warmUpMs, endMs)
      books.get(subject)?.push(book)
      const plan = planStreams(live, endMs, random)
      return { plan, warmUpMs, measuredMs: seconds * 1000, drainMs: 500, threads: 2, signal, onJudged: book.enter }
    },
  })
  if (options.profile) {
    const pids = stack.pathPids()
    await stack.stop()
    await printProfiles(profiles, pids)
  }
  const taken = [...turns].filter(([, measured]) => measured.length > 0)
  const cells = taken.map(([{ name }, measured]) => ({
    subject: name,
    rps: arrivalsPerSecond(live),
    turns: measured,
  }))
  const direct = subjects.find(({ name }) => name === 'direct')
  const directLatency = direct === undefined ? null : latencyOf(books.get(direct) ?? [])
  const rows = pathRows(cells).map((row, index): StreamRow => {
    const [subject, measured] = taken[index] as (typeof taken)[number]
    const latency = latencyOf(books.get(subject) ?? [])
    const tokens = (books.get(subject) ?? []).reduce((sum, book) => sum + book.tokens, 0)
    const cpu = measured.reduce((sum, { cpuMs }) => sum + [...cpuMs.values()].reduce((total, ms) => total + ms, 0), 0)
    return {
      ...row,
      liveStreams: live,
      tokensPerSecond: Math.round(tokens / measured.length / seconds),
      tokenLatencyMs: latency,
      addedTokenLatencyMs: latency === null || directLatency === null ? null : difference(latency, directLatency),
      cpuMsPerThousandTokens: roundMs((cpu / Math.max(1, tokens)) * 1000),
    }
  })
  const missed = missedAims(rows)
  return {
    rows,
    absent,
    failures: [],
    text: [streamTable(rows), ...missed.map((sentence) => `missed: ${sentence}`)].join('\n'),
    facts: {
      missedAims: missed,
      leftOut: budget.leftOut,
      workload: { ...shape, live },
      secondsPerTurn: seconds,
      rounds,
      idleMachineBusyRatio: idle.machineBusyRatio,
      subjects: subjects.map(({ name, version }) => ({ name, version })),
    },
  }
}

const arrivalsPerSecond = (live: number): number => roundMs(live / ((shape.tokens * shape.itlMs) / 1000))

/** Streams so that `live` of them run from the end of the ramp on until `endMs`, when all are cut. */
const planStreams = (live: number, endMs: number, random: Random): WorkloadRequest[] => {
  const stream = (atMs: number, outputTokens: number): WorkloadRequest => {
    const id = `${Math.floor(atMs)}-${random.between(0, 2 ** 32 - 1).toString(36)}`
    return {
      atMs,
      lane: 'interactive',
      user: random.between(0, usersMax - 1),
      session: id,
      prompt: [{ seed: id, tokens: shape.promptTokens }],
      outputTokens,
      cutAfterMs: endMs - atMs,
    }
  }
  const first = Array.from({ length: live }, (_, index) => {
    const atMs = (index / live) * Math.min(rampMs, endMs / 2)
    // Never so short that it ends within the ramp.
    return stream(atMs, random.between(rampMs / shape.itlMs, shape.tokens))
  })
  // Each that ends is followed by another.
  const all = [...first]
  for (let at = 0; at < all.length; at++) {
    const { atMs, outputTokens } = all[at] as WorkloadRequest
    const overMs = atMs + shape.ttftMs + outputTokens * shape.itlMs
    if (overMs < endMs - 1000) all.push(stream(overMs, shape.tokens))
  }
  return all.sort((a, b) => a.atMs - b.atMs)
}

/** How late the tokens of one turn's window were. */
class TokenBook {
  readonly #from: number
  readonly #to: number
  readonly #late = new LatencyRecorder()
  tokens = 0

  constructor(fromMs: number, toMs: number) {
    this.#from = fromMs
    this.#to = toMs
  }

  readonly enter = (request: WorkloadRequest, { tokenMs }: Judgement): void => {
    for (const [token, ms] of tokenMs.entries()) {
      const at = request.atMs + ms
      if (at < this.#from || at > this.#to) continue
      this.tokens++
      this.#late.record(ms - shape.ttftMs - token * shape.itlMs)
    }
  }

  get latency(): Percentiles | null {
    return this.#late.count === 0 ? null : this.#late.percentiles()
  }
}

const latencyOf = (books: readonly TokenBook[]): Percentiles | null => {
  const rounds = books.flatMap(({ latency }) => latency ?? [])
  return rounds.length === 0 ? null : medianOverRounds(rounds)
}

const missedAims = (rows: readonly StreamRow[]): string[] =>
  rows.flatMap(({ subject, addedTokenLatencyMs, generatorReadLatenessMs, generatorLatenessMs }) => {
    const own = Math.max(generatorReadLatenessMs.p99, generatorLatenessMs.p99)
    return [
      ...(subject === 'penstock' && (addedTokenLatencyMs?.p99 ?? 0) > aims.addedP99Ms
        ? [`added token latency p99 is ${addedTokenLatencyMs?.p99} ms, aim ${aims.addedP99Ms} ms`]
        : []),
      ...(own > aims.generatorP99Ms
        ? [`with ${subject} the generator's own lateness p99 is ${own} ms, bound ${aims.generatorP99Ms} ms`]
        : []),
    ]
  })

const streamTable = (rows: readonly StreamRow[]): string =>
  textTable(
    [
      'subject',
      'live',
      'tokens/s',
      'late p50',
      'p99 ms',
      'added p50',
      'p99 ms',
      'CPU ms/1k tok',
      'RSS MiB',
      'errors',
      'own send p99',
      'own read p99',
      'busy',
    ],
    rows.map((row) => [
      row.subject,
      String(row.liveStreams),
      String(row.tokensPerSecond),
      fixed(row.tokenLatencyMs?.p50),
      fixed(row.tokenLatencyMs?.p99),
      fixed(row.addedTokenLatencyMs?.p50),
      fixed(row.addedTokenLatencyMs?.p99),
      row.cpuMsPerThousandTokens.toFixed(1),
      String(row.rssMiB),
      `${row.errors}/${row.requests}`,
      fixed(row.generatorLatenessMs.p99),
      fixed(row.generatorReadLatenessMs.p99),
      `${Math.round(row.machineBusyRatio * 100)} %`,
    ]),
  )

const fixed = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(1))
