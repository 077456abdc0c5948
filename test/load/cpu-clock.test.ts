import { expect, test } from 'vitest'
import { cpuBetween, cpuMsOf, readCpuTimes, totalMs } from './cpu-clock.ts'

test('user and system time are read behind a command with blanks and brackets', () => {
  const line = '42 (odd) (name) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 7 7 20 0 11 0 100 1 1'
  expect(cpuMsOf(line)).toBe(3000)
})

test('a line without the times is an error, not a zero', () => {
  expect(() => cpuMsOf('42 (node) S 1')).toThrow(/no CPU times/)
})

test('work of a process shows in its CPU time', async () => {
  const pids = new Map([['self', process.pid]])
  const before = await readCpuTimes(pids)
  const until = performance.now() + 200
  while (performance.now() < until) Math.sqrt(2)
  const used = cpuBetween(before, await readCpuTimes(pids))
  expect(totalMs(used)).toBeGreaterThanOrEqual(50)
})
