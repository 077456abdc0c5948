import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** Linux tells CPU time in hundredths of a second to all programs. */
const msPerTick = 10

/** CPU time (user and system, ms) used so far by each process, by name. A process that is gone counts 0. */
export type CpuTimes = ReadonlyMap<string, number>

/** Reads the CPU times of processes, all their threads included. */
export const readCpuTimes = async (pids: ReadonlyMap<string, number>): Promise<CpuTimes> => {
  const times = new Map<string, number>()
  for (const [name, pid] of pids) times.set(name, cpuMsOf(await readFile(`/proc/${pid}/stat`, 'utf8')))
  return times
}

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

/** What the processes use per second when nothing is asked of them, ms. */
export const idleCpuPerSecond = async (
  pids: ReadonlyMap<string, number>,
  seconds: number,
): Promise<Map<string, number>> => {
  const before = await readCpuTimes(pids)
  await delay(seconds * 1000)
  const used = cpuBetween(before, await readCpuTimes(pids))
  return new Map([...used].map(([name, ms]) => [name, Math.round((ms / seconds) * 10) / 10]))
}
