import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** Linux tells CPU time in hundredths of a second to all programs. */
const msPerTick = 10

/** CPU time (user and system, ms) used so far by each process, by name. A process that is gone counts 0. */
export type CpuTimes = ReadonlyMap<string, number>

/** Reads the CPU times of processes, all their threads and descendants included. A process that is gone counts 0. */
export const readCpuTimes = async (pids: ReadonlyMap<string, number>): Promise<CpuTimes> => {
  const times = new Map<string, number>()
  for (const [name, root] of pids) {
    let ms = 0
    for (const pid of await withDescendants(root)) {
      const stat = await readProc(`/proc/${pid}/stat`)
      if (stat !== null) ms += cpuMsOf(stat)
    }
    times.set(name, ms)
  }
  return times
}

/** Memory that processes and their descendants hold, MiB; pages that several share count once for each. */
export const residentMiB = async (pids: Iterable<number>): Promise<number> => {
  let kibibytes = 0
  for (const root of pids)
    for (const pid of await withDescendants(root))
      kibibytes += Number(/^VmRSS:\s+(\d+)/m.exec((await readProc(`/proc/${pid}/status`)) ?? '')?.[1] ?? 0)
  return Math.round(kibibytes / 1024)
}

/** A process and all below it. */
const withDescendants = async (pid: number): Promise<number[]> => {
  const listed = await readProc(`/proc/${pid}/task/${pid}/children`)
  const children = (listed ?? '').split(' ').filter(Boolean).map(Number)
  return [pid, ...(await Promise.all(children.map(withDescendants))).flat()]
}

/** Null when the process is gone. */
const readProc = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null)

/** User and system time of a line of `/proc/<pid>/stat`, ms. The command, in brackets, may itself hold blanks and brackets. */
export const cpuMsOf = (stat: string): number => {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user, system] = [Number(fields[11]), Number(fields[12])]
  if (!Number.isFinite(user) || !Number.isFinite(system)) throw new Error(`no CPU times in ${JSON.stringify(stat)}`)
  return (user + system) * msPerTick
}

/** What each process used between two readings, ms. */
export const cpuBetween = (before: CpuTimes, after: CpuTimes): Map<string, number> =>
  new Map([...after].map(([name, ms]) => [name, ms - (before.get(name) ?? 0)]))

export const totalMs = (times: CpuTimes): number => [...times.values()].reduce((sum, ms) => sum + ms, 0)

/** How busy the whole machine was between two readings of `readMachineTimes`: 0 to 1 of all cores. */
export const busyRatio = (before: MachineTimes, after: MachineTimes): number => {
  const total = after.totalTicks - before.totalTicks
  return total <= 0 ? 0 : Math.round((1 - (after.idleTicks - before.idleTicks) / total) * 1000) / 1000
}

export interface MachineTimes {
  readonly totalTicks: number
  readonly idleTicks: number
}

export const readMachineTimes = async (): Promise<MachineTimes> => machineTimesOf(await readFile('/proc/stat', 'utf8'))

/** The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal; what follows is counted in those already. */
export const machineTimesOf = (stat: string): MachineTimes => {
  const ticks = stat.slice(0, stat.indexOf('\n')).split(/ +/).slice(1, 9).map(Number)
  if (ticks.length < 8 || ticks.some(Number.isNaN)) throw new Error('no CPU times in /proc/stat')
  return { totalTicks: ticks.reduce((sum, value) => sum + value, 0), idleTicks: (ticks[3] ?? 0) + (ticks[4] ?? 0) }
}

/** What happens when nothing is asked: CPU of each process, ms per second, and how busy the machine is with all there is. */
export interface Idleness {
  readonly cpuMsPerSecond: ReadonlyMap<string, number>
  readonly machineBusyRatio: number
}

export const measureIdleness = async (pids: ReadonlyMap<string, number>, seconds: number): Promise<Idleness> => {
  const [before, machineBefore] = [await readCpuTimes(pids), await readMachineTimes()]
  await delay(seconds * 1000)
  const used = cpuBetween(before, await readCpuTimes(pids))
  return {
    cpuMsPerSecond: new Map([...used].map(([name, ms]) => [name, Math.round((ms / seconds) * 10) / 10])),
    machineBusyRatio: busyRatio(machineBefore, await readMachineTimes()),
  }
}
