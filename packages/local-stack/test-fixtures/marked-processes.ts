import { readdirSync, readFileSync } from 'node:fs'

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Ended in between, or another user's.
    return ''
  }
}

/** Whether a process runs: what has ended but was not yet reaped does not. */
export const isRunning = (pid: number): boolean => {
  const state = read(`/proc/${pid}/stat`).split(') ').at(-1)?.[0]
  return state !== undefined && state !== 'Z'
}

/** Commands of all processes on this machine that have `mark` in their environment. Redis is not found: it writes over
 *  its environment. */
export const markedProcesses = (mark: string): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && read(`/proc/${name}/environ`).includes(mark))
    .map((pid) => `${pid} ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').slice(0, 80)}`)
