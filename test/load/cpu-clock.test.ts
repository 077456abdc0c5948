import { expect, test } from 'vitest'
import { busyRatio, cpuBetween, cpuMsOf, machineTimesOf, readCpuTimes, totalMs } from './cpu-clock.ts'

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
  // Until the processor time is used, however long others keep the cores.
  const since = process.cpuUsage()
  while (process.cpuUsage(since).user < 100_000) Math.sqrt(2)
  const used = cpuBetween(before, await readCpuTimes(pids))
  expect(totalMs(used)).toBeGreaterThanOrEqual(70)
})

test('the machine is busy with whatever is neither idle nor waiting for a disk', () => {
  const before = machineTimesOf('cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n')
  const after = machineTimesOf('cpu  130 0 120 740 100 5 5 0 0 0\n')
  expect(busyRatio(before, after)).toBe(0.6)
  expect(busyRatio(before, before)).toBe(0)
})
