import type { LiveRequest, PoolReport } from '@penstock/contracts'
import { describeSourceTrouble } from '@penstock/scheduling'
import { printableLine } from './printable.ts'

export interface TopFacts {
  /** Null: no router answered. */
  readonly pools: readonly PoolReport[] | null
  readonly ingresses: number
  /** Requests under way; more than are listed when there are very many. */
  readonly count: number
  readonly requests: readonly (LiveRequest & { readonly instance: string })[]
}

export interface TopView {
  readonly columns: number
  readonly rows: number
  /** Index of the chosen request; null: none is marked. */
  readonly selected: number | null
  /** A line for what was done last. */
  readonly note: string
  readonly colours: boolean
}

/** One picture of `penstock top`, as lines of plain text with a few ANSI colours, cut to the terminal. */
export const renderTop = (facts: TopFacts, view: TopView): string => {
  const paint = (code: number, text: string): string => (view.colours ? `\u001B[${code}m${text}\u001B[0m` : text)
  const cut = (line: string): string =>
    printableLine(line)
      .slice(0, view.columns)
      .padEnd(view.colours ? view.columns : 0)
  const head = [
    paint(1, cut(`penstock top   ${facts.count} requests at ${facts.ingresses} ingresses`)),
    '',
    paint(7, cut(row('POOL', 'LANE', 'WAITING', 'OLDEST', 'EXPECTED', 'TOKENS', 'RUNS/S', 'IN FLIGHT', 'NODES'))),
    ...(facts.pools === null
      ? [paint(31, cut('no router answers'))]
      : facts.pools.flatMap((pool) => poolLines(pool, cut, paint))),
    '',
    paint(7, cut(requestRow('REQUEST', 'STATE', 'AGE', 'FEATURE', 'POOL', 'LANE', 'TRY', 'TOKENS', 'WORKER', 'USER'))),
  ]
  const room = Math.max(1, view.rows - head.length - 2)
  const selected = view.selected ?? 0
  const from = Math.max(0, Math.min(selected - Math.floor(room / 2), facts.requests.length - room))
  const requests = facts.requests.slice(from, from + room).map((request, index) => {
    const line = cut(requestLine(request))
    return view.selected === from + index ? paint(7, line) : line
  })
  const foot = view.selected === null ? [] : [paint(2, cut(view.note || 'j/k choose   c cancel   q leave'))]
  return [...head, ...requests, ...foot].join('\n')
}

const row = (...[pool, lane, ...numbers]: string[]): string =>
  `${(pool ?? '').padEnd(20)} ${(lane ?? '').padEnd(12)}${numbers.map((text) => text.padStart(10)).join('')}`

const poolLines = (
  { pool, lanes, slots, inFlight, nodesUp, desiredNodes, saturation, sources = [] }: PoolReport,
  cut: (line: string) => string,
  paint: (code: number, text: string) => string,
): string[] => [
  ...lanes.map((lane, index) => {
    const line = row(
      index === 0 ? pool : '',
      lane.lane,
      String(lane.jobs),
      span(lane.oldestWaitMs),
      lane.expectedWaitMs === null ? '-' : span(lane.expectedWaitMs),
      String(lane.tokens),
      lane.runsPerS.toFixed(1),
      ...(index === 0 ? [`${inFlight}/${slots}`, `${nodesUp}/${desiredNodes}`] : []),
    )
    return saturation > 1 && lane.jobs > 0 ? paint(33, cut(line)) : cut(line)
  }),
  ...sources.flatMap((source) => {
    const trouble = describeSourceTrouble(source)
    return trouble === null ? [] : [paint(33, cut(`  DNS: ${trouble}`))]
  }),
]

const requestRow = (...cells: string[]): string =>
  cells.map((cell, index) => cell.slice(0, widths[index]).padEnd(widths[index] ?? 0)).join(' ')

const widths = [32, 10, 8, 20, 14, 11, 3, 6, 14, 8]

const requestLine = (request: TopFacts['requests'][number]): string =>
  requestRow(
    request.request,
    request.state === 'granted' ? 'running' : request.state,
    span(request.ageMs),
    request.feature,
    request.pool ?? '-',
    request.lane ?? '-',
    String(request.attempt),
    String(request.saidTokens),
    request.worker ?? '-',
    request.principal,
  )

const span = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)
