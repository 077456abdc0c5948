import type { BarChart } from './bar-chart.ts'

/** A row as it stands in a document: read leniently, since documents outlive the program that wrote them. */
export type Row = Readonly<Record<string, unknown>>

/** How a suite's document is shown. */
export interface Section {
  readonly suite: string
  readonly title: string
  /** What was asked, in a sentence or two. */
  readonly about: string
  readonly columns: readonly (readonly [head: string, cell: (row: Row) => string])[]
  /** Null: the table says it all. */
  readonly chart: ((rows: readonly Row[]) => BarChart) | null
}

/** A number at a path of names, or null. */
const numberAt = (row: Row, ...path: string[]): number | null => {
  let value: unknown = row
  for (const name of path) value = typeof value === 'object' && value !== null ? (value as Row)[name] : undefined
  return typeof value === 'number' ? value : null
}

const cell =
  (digits: number, ...path: string[]) =>
  (row: Row): string =>
    numberAt(row, ...path)?.toFixed(digits) ?? '–'

const cells =
  (digits: number, ...paths: string[][]) =>
  (row: Row): string =>
    paths.map((path) => cell(digits, ...path)(row)).join(' / ')

const subject = (row: Row): string => String(row['subject'])

/** Bars of one value, grouped by another. */
const grouped = (
  title: string,
  unit: string,
  rows: readonly Row[],
  group: (row: Row) => string,
  bar: (row: Row) => string,
  value: (row: Row) => number | null,
): BarChart => ({
  title,
  unit,
  groups: [...Map.groupBy(rows, group)].map(([label, members]) => ({
    label,
    bars: members.map((row) => ({ label: bar(row), value: value(row) })),
  })),
})

const perSecond = (row: Row): string => `${numberAt(row, 'rps')} requests/s`

const pathColumns: Section['columns'] = [
  ['requests/s', cell(0, 'rps')],
  ['subject', subject],
  ['TTFT p50 / p95 / p99 ms', cells(1, ['ttftMs', 'p50'], ['ttftMs', 'p95'], ['ttftMs', 'p99'])],
  ['added p50 / p99 ms', cells(1, ['addedTtftMs', 'p50'], ['addedTtftMs', 'p99'])],
  ['CPU-ms per request', cell(2, 'cpuMsPerRequest')],
  ['RSS MiB', cell(0, 'rssMiB')],
  ['wrong or refused', (row) => `${cell(0, 'errors')(row)} of ${cell(0, 'requests')(row)}`],
  ['machine busy', (row) => percent(numberAt(row, 'machineBusyRatio'))],
]

const percent = (ratio: number | null): string => (ratio === null ? '–' : `${Math.round(ratio * 100)} %`)

/** In the order of the page. */
export const sections: readonly Section[] = [
  {
    suite: 'overhead',
    title: 'What a path adds',
    about:
      'Streams of 100 tokens at random instants, prompts of 8 KB, nodes that take 20 ms to the first token and 10 ms to each further one. CPU is the sum over all processes of the path.',
    columns: pathColumns,
    chart: (rows) =>
      grouped('Added time to first token, p50', 'ms', rows, perSecond, subject, (row) =>
        numberAt(row, 'addedTtftMs', 'p50'),
      ),
  },
  {
    suite: 'throughput',
    title: 'Until the tail gives way',
    about:
      'Answers of 16 tokens at rising rates. A rate is sustained when TTFT p99 stays below 250 ms and at most one answer in a thousand is wrong; a subject is not asked beyond the first rate that it does not sustain.',
    columns: pathColumns,
    chart: (rows) => grouped('TTFT p99', 'ms', rows, perSecond, subject, (row) => numberAt(row, 'ttftMs', 'p99')),
  },
  {
    suite: 'streams',
    title: '1,000 live streams',
    about:
      '20 tokens per second each. Lateness of a token counts from when its stream was meant to begin, by the nodes’ schedule; the generator’s own lateness stands beside it.',
    columns: [
      ['subject', subject],
      ['live', cell(0, 'liveStreams')],
      ['tokens/s', cell(0, 'tokensPerSecond')],
      ['token late p50 / p99 ms', cells(1, ['tokenLatencyMs', 'p50'], ['tokenLatencyMs', 'p99'])],
      ['added p50 / p99 ms', cells(1, ['addedTokenLatencyMs', 'p50'], ['addedTokenLatencyMs', 'p99'])],
      ['CPU-ms per 1,000 tokens', cell(1, 'cpuMsPerThousandTokens')],
      ['RSS MiB', cell(0, 'rssMiB')],
      ['wrong', (row) => `${cell(0, 'errors')(row)} of ${cell(0, 'requests')(row)}`],
      [
        'generator sends / reads late p99 ms',
        cells(1, ['generatorLatenessMs', 'p99'], ['generatorReadLatenessMs', 'p99']),
      ],
      ['machine busy', (row) => percent(numberAt(row, 'machineBusyRatio'))],
    ],
    chart: (rows) =>
      grouped(
        'Added token lateness, p99',
        'ms',
        rows,
        () => 'all',
        subject,
        (row) => numberAt(row, 'addedTokenLatencyMs', 'p99'),
      ),
  },
  {
    suite: 'goodput',
    title: 'Overload',
    about:
      'The workload mixed at multiples of capacity on 4 modelled nodes. Goodput counts requested tokens of answers that met their lane’s target; capacity is the best that anything reached. Rows named policy are ways of choosing as documented, played on simulated engines without any gateway’s own cost; they are no products.',
    columns: [
      ['load', (row) => `${cell(1, 'load')(row)}×`],
      ['subject', subject],
      ['goodput of capacity', cell(3, 'goodputOfCapacity')],
      [
        'completion TTFT p50 / p99 ms',
        cells(0, ['lanes', 'completion', 'ttftMs', 'p50'], ['lanes', 'completion', 'ttftMs', 'p99']),
      ],
      [
        'done / refused / missed',
        cells(
          0,
          ['lanes', 'completion', 'completed'],
          ['lanes', 'completion', 'refused'],
          ['lanes', 'completion', 'missed'],
        ),
      ],
      [
        'interactive TTFT p50 / p99 ms',
        cells(0, ['lanes', 'interactive', 'ttftMs', 'p50'], ['lanes', 'interactive', 'ttftMs', 'p99']),
      ],
      [
        'done / refused / missed',
        cells(
          0,
          ['lanes', 'interactive', 'completed'],
          ['lanes', 'interactive', 'refused'],
          ['lanes', 'interactive', 'missed'],
        ),
      ],
      ['refusal p99 ms', cell(0, 'refusalMsP99')],
      ['CPU-ms per request', cell(1, 'cpuMsPerRequest')],
    ],
    chart: (rows) =>
      grouped(
        'Goodput',
        'of capacity',
        rows,
        (row) => `${numberAt(row, 'load')}× capacity`,
        subject,
        (row) => numberAt(row, 'goodputOfCapacity'),
      ),
  },
  {
    suite: 'prefix',
    title: 'Prefix caches',
    about:
      'Prompts that share beginnings, on 8 modelled nodes. The bound is what one shared cache of the same total capacity would find.',
    columns: [
      ['workload', (row) => String(row['workload'])],
      ['subject', subject],
      ['hit rate', cell(3, 'hitRate')],
      ['of the bound', cell(3, 'hitRateOfBound')],
      ['TTFT p50 / p90 / p99 ms', cells(0, ['ttftMs', 'p50'], ['ttftMs', 'p90'], ['ttftMs', 'p99'])],
      ['output tokens/s', cell(0, 'outputTokensPerSecond')],
      ['wrong', (row) => `${cell(0, 'errors')(row)} of ${cell(0, 'requests')(row)}`],
      ['CPU-ms per request', cell(1, 'cpuMsPerRequest')],
      ['at 100 k tokens', cell(1, 'cpuMsPer100kTokenRequest')],
    ],
    chart: (rows) =>
      grouped(
        'Prefix-cache hit rate',
        'of the bound',
        rows,
        (row) => String(row['workload']),
        subject,
        (row) => numberAt(row, 'hitRateOfBound'),
      ),
  },
  {
    suite: 'growth',
    title: 'Growth',
    about:
      'Queued jobs: one job in and one out of a line of that length, on real Redis. Nodes and pools: whole requests through one worker that has so many, at 20 per second. CPU is without what the processes use while idle.',
    columns: [
      ['of', (row) => String(row['what'])],
      ['how many', cell(0, 'size')],
      ['p50 / p99 ms', cells(2, ['msP50'], ['msP99'])],
      ['CPU-ms per request', cell(2, 'cpuMsPerRequest')],
      ['of the smallest', cell(2, 'cpuRatio')],
      ['idle CPU-ms per second', cell(0, 'idleCpuMsPerSecond')],
      ['wrong', cell(0, 'wrong')],
    ],
    chart: (rows) =>
      grouped(
        'CPU per request',
        'of the smallest',
        rows,
        (row) => String(row['what']),
        (row) => String(row['size']),
        (row) => numberAt(row, 'cpuRatio'),
      ),
  },
  {
    suite: 'fairness',
    title: 'Fair shares',
    about:
      'Fifty equal users, then the same beside a script that asks for ten times the load of one of them. Jain’s index of what the users got is 1 when all got the same (aim 0.95); the others’ p99 may rise by a fifth.',
    columns: [
      ['Jain index', cell(3, 'jain')],
      ['users’ TTFT alone p50 / p99 ms', cells(0, ['ttftAloneMs', 'p50'], ['ttftAloneMs', 'p99'])],
      ['beside the script p50 / p99 ms', cells(0, ['ttftBesideMs', 'p50'], ['ttftBesideMs', 'p99'])],
      ['p99 of before', (row) => `${cell(2, 'p99Ratio')(row)}×`],
    ],
    chart: null,
  },
  {
    suite: 'cancels',
    title: 'Cancelling',
    about:
      'Clients leave at a random moment: in the queue, before the first token, in mid-stream, streamed or not. Orphaned is a generation that runs on for a second or more; the nodes’ own books say so.',
    columns: [
      ['cancelled', cell(0, 'cancelled')],
      ['before any node', cell(0, 'neverAtNode')],
      ['stopped at a node', cell(0, 'aborted')],
      ['orphaned', cell(0, 'orphaned')],
      ['to the node’s abort p50 / p99 / max ms', cells(0, ['abortMs', 'p50'], ['abortMs', 'p99'], ['abortMs', 'max'])],
      ['tokens for nobody', (row) => `${cell(0, 'wastedTokens')(row)} of ${cell(0, 'totalTokens')(row)}`],
    ],
    chart: null,
  },
  {
    suite: 'supersede',
    title: 'Superseding',
    about:
      'Sixteen people type in files of 1–4 k tokens on two modelled A100; six of ten completions are followed by a newer one after 100–500 ms. Without superseding each request comes from another user, so that none replaces the one before. A prompt whose computing was cut short counts whole.',
    columns: [
      ['', subject],
      ['asked', cell(0, 'asked')],
      ['superseded', cell(0, 'superseded')],
      ['output tokens for nobody', cell(0, 'wastedOutputTokens')],
      ['prompt tokens for nobody', cell(0, 'wastedPromptTokens')],
      ['GPU tokens per wanted answer', cell(0, 'gpuTokensPerWanted')],
      ['wanted answers p50 / p99 ms', cells(0, ['wantedMs', 'p50'], ['wantedMs', 'p99'])],
      ['wanted and missed', (row) => `${cell(0, 'missed')(row)} of ${cell(0, 'wanted')(row)}`],
    ],
    chart: (rows) =>
      grouped(
        'Output tokens for nobody',
        'tokens',
        rows,
        () => 'all',
        subject,
        (row) => numberAt(row, 'wastedOutputTokens'),
      ),
  },
]
