import { difference, median, medianOverRounds, roundMs } from './latency.ts'
import type { Percentiles } from './latency.ts'
import { textTable } from './text-table.ts'
import type { Measurement } from './measure.ts'

/** One line of a table: a subject at a rate. */
export interface PathRow {
  readonly subject: string
  /** Requests sent per second. */
  readonly rps: number
  /** Of each percentile the median over the rounds; null when no round had a right answer. */
  readonly ttftMs: Percentiles | null
  /** Beyond `direct` at the same rate and percentile; null when there is nothing to compare. */
  readonly addedTtftMs: Percentiles | null
  /** All processes on the path together, mean over the rounds. */
  readonly cpuMsPerRequest: number
  /** Requests without a right and complete answer. */
  readonly errors: number
  readonly requests: number
  readonly errorsByReason: Readonly<Record<string, number>>
  /** Smallest and largest median over the rounds: how far one round may be off. Null without right answers. */
  readonly ttftP50Spread: readonly [number, number] | null
  /** Memory of all processes on the path, the most of any round. */
  readonly rssMiB: number
  /** How late the generator sent, medians over the rounds, and the worst of all. */
  readonly generatorLatenessMs: Percentiles & { readonly max: number }
  /** How late at most it may have read what had come, medians over the rounds, and the worst of all. */
  readonly generatorReadLatenessMs: Percentiles & { readonly max: number }
  readonly cpuMsPerRequestByProcess: Readonly<Record<string, number>>
  /** The whole machine, generator and nodes included, 0 to 1; median over the rounds. Near 1, latency tells of the queue for a core. */
  readonly machineBusyRatio: number
}

/** The turns of one subject at one rate, one per round. */
export interface MeasuredCell {
  readonly subject: string
  readonly rps: number
  readonly turns: readonly Measurement[]
}

/** Aims at the rates that they hold for. */
const aims = { rates: [20, 100], addedP50Ms: 3, addedP99Ms: 15, cpuMsPerRequest: 8 } as const

export const pathRows = (cells: readonly MeasuredCell[]): PathRow[] => {
  const ttftOf = ({ turns }: MeasuredCell): Percentiles | null => {
    const measured = turns.flatMap(({ ttftMs }) => ttftMs ?? [])
    return measured.length === 0 ? null : medianOverRounds(measured)
  }
  return cells.map((cell) => {
    const direct = cells.find(({ subject, rps }) => subject === 'direct' && rps === cell.rps)
    const ttftMs = ttftOf(cell)
    const base = direct === undefined ? null : ttftOf(direct)
    const errorsByReason = sumByName(cell.turns.map(({ errors }) => errors))
    const perRequest = cell.turns.map(cpuMsPerRequest)
    const medians = cell.turns.flatMap((turn) => turn.ttftMs?.p50 ?? [])
    return {
      subject: cell.subject,
      rps: cell.rps,
      ttftMs,
      addedTtftMs: ttftMs === null || base === null ? null : difference(ttftMs, base),
      cpuMsPerRequest: roundMs(sum(perRequest.map((turn) => sum([...turn.values()]))) / cell.turns.length),
      errors: sum(Object.values(errorsByReason)),
      requests: sum(cell.turns.map(({ requests }) => requests)),
      errorsByReason,
      ttftP50Spread: medians.length === 0 ? null : [Math.min(...medians), Math.max(...medians)],
      rssMiB: Math.max(...cell.turns.map(({ rssMiB }) => rssMiB)),
      generatorLatenessMs: lateness(cell.turns.map(({ latenessMs }) => latenessMs)),
      generatorReadLatenessMs: lateness(cell.turns.map(({ readLatenessMs }) => readLatenessMs)),
      cpuMsPerRequestByProcess: meanByName(perRequest),
      machineBusyRatio: median(cell.turns.map(({ machineBusyRatio }) => machineBusyRatio)),
    }
  })
}

const cpuMsPerRequest = ({ cpuMs, requests }: Measurement): Map<string, number> =>
  new Map([...cpuMs].map(([name, ms]) => [name, ms / Math.max(1, requests)]))

type Lateness = Percentiles & { readonly max: number }

const lateness = (rounds: readonly Lateness[]): Lateness => ({
  ...medianOverRounds(rounds),
  max: roundMs(Math.max(...rounds.map(({ max }) => max))),
})

/** What Penstock misses of its aims, one sentence each; empty: nothing. */
export const missedAims = (rows: readonly PathRow[]): string[] =>
  rows
    .filter(({ subject, rps }) => subject === 'penstock' && aims.rates.some((rate) => rate === rps))
    .flatMap(({ rps, addedTtftMs, cpuMsPerRequest, errors }) => [
      ...(errors > 0 ? [`${rps}/s: ${errors} requests without a right answer`] : []),
      ...(addedTtftMs === null ? [] : above(`${rps}/s: added TTFT p50`, addedTtftMs.p50, aims.addedP50Ms, 'ms')),
      ...(addedTtftMs === null ? [] : above(`${rps}/s: added TTFT p99`, addedTtftMs.p99, aims.addedP99Ms, 'ms')),
      ...above(`${rps}/s: CPU per request`, cpuMsPerRequest, aims.cpuMsPerRequest, 'ms'),
    ])

const above = (what: string, value: number, aim: number, unit: string): string[] =>
  value > aim ? [`${what} is ${value} ${unit}, aim ${aim} ${unit}`] : []

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

const sumByName = (records: readonly Readonly<Record<string, number>>[]): Record<string, number> => {
  const sums: Record<string, number> = {}
  for (const record of records)
    for (const [name, value] of Object.entries(record)) sums[name] = (sums[name] ?? 0) + value
  return sums
}

const meanByName = (maps: readonly ReadonlyMap<string, number>[]): Record<string, number> =>
  Object.fromEntries(
    Object.entries(sumByName(maps.map((map) => Object.fromEntries(map)))).map(([name, total]) => [
      name,
      roundMs(total / maps.length),
    ]),
  )

/** For people: one line per row. */
export const pathTable = (rows: readonly PathRow[]): string => {
  const three = (values: Percentiles | null): string[] =>
    values === null ? ['-', '-', '-'] : [values.p50, values.p95, values.p99].map((value) => value.toFixed(1))
  const head = [
    'subject',
    'req/s',
    'TTFT p50',
    'p95',
    'p99 ms',
    'added p50',
    'p95',
    'p99 ms',
    'CPU ms/req',
    'RSS MiB',
    'errors',
    'late p99 ms',
    'busy',
  ]
  const lines = rows.map((row) => [
    row.subject,
    String(row.rps),
    ...three(row.ttftMs),
    ...three(row.addedTtftMs),
    row.cpuMsPerRequest.toFixed(2),
    String(row.rssMiB),
    `${row.errors}/${row.requests}`,
    row.generatorLatenessMs.p99.toFixed(1),
    `${Math.round(row.machineBusyRatio * 100)} %`,
  ])
  return textTable(head, lines)
}
