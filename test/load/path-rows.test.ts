import { expect, test } from 'vitest'
import type { Measurement } from './measure.ts'
import { missedAims, pathRows, pathTable } from './path-rows.ts'
import type { MeasuredCell } from './path-rows.ts'

const turn = (ttft: number, cpu: Record<string, number> = {}, errors: Record<string, number> = {}): Measurement => ({
  requests: 100,
  errors,
  ttftMs: { p50: ttft, p95: ttft + 5, p99: ttft + 10 },
  latenessMs: { p50: 0.5, p95: 1, p99: 1.5, max: 3 },
  cpuMs: new Map(Object.entries(cpu).map(([name, perRequest]) => [name, perRequest * 100])),
  refused: 0,
  rssMiB: 100,
  readLatenessMs: { p50: 0, p95: 0, p99: 1, max: 2 },
  machineBusyRatio: 0.5,
})
const cell = (subject: string, rps: number, ...turns: Measurement[]): MeasuredCell => ({ subject, rps, turns })

test('what is added compares the medians over the rounds at the same rate', () => {
  const rows = pathRows([
    cell('direct', 20, turn(21), turn(22), turn(80)),
    cell('penstock', 20, turn(24), turn(90), turn(25)),
    cell('direct', 100, turn(30)),
  ])
  expect(rows[1]?.ttftMs).toEqual({ p50: 25, p95: 30, p99: 35 })
  expect(rows[1]?.addedTtftMs).toEqual({ p50: 3, p95: 3, p99: 3 })
  expect(rows[0]?.addedTtftMs).toEqual({ p50: 0, p95: 0, p99: 0 })
})

test('without the direct subject nothing is said to be added', () => {
  expect(pathRows([cell('penstock', 20, turn(24))])[0]?.addedTtftMs).toBeNull()
})

test('CPU counts all processes, errors all rounds by reason', () => {
  const [row] = pathRows([
    cell(
      'penstock',
      100,
      turn(24, { ingress: 2, nats: 1 }, { 'status 429': 1 }),
      turn(24, { ingress: 4, nats: 1 }, { 'status 429': 2, 'wrong bytes': 1 }),
    ),
  ])
  expect(row).toMatchObject({ cpuMsPerRequest: 4, cpuMsPerRequestByProcess: { ingress: 3, nats: 1 } })
  expect(row).toMatchObject({ errors: 4, requests: 200, errorsByReason: { 'status 429': 3, 'wrong bytes': 1 } })
})

test('aims are judged at 20 and 100 requests per second, for Penstock alone', () => {
  const rates = [20, 100, 200]
  const rows = pathRows(
    rates.flatMap((rps) => [cell('direct', rps, turn(20)), cell('penstock', rps, turn(24, { ingress: 9 }))]),
  )
  const missed = missedAims(rows)
  expect(missed).toHaveLength(4)
  expect(missed[0]).toBe('20/s: added TTFT p50 is 4 ms, aim 3 ms')
  expect(missed.some((aim) => aim.startsWith('200/s'))).toBe(false)
})

test('the table shows a dash where nothing was measured', () => {
  const failed: Measurement = { ...turn(0, {}, { 'status 500': 100 }), ttftMs: null }
  const table = pathTable(pathRows([cell('penstock', 20, failed)]))
  expect(table.split('\n')).toHaveLength(2)
  expect(table).toMatch(/penstock +20 +- +- +-/)
})
