import type { GuardedProcess } from './guarded-process.ts'
import type { Launched } from './launch.ts'

/** A server of our own that answers at `url`. */
export interface RunningServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly exited: GuardedProcess['exited']
  kill(signal: NodeJS.Signals): void
  stop(): Promise<void>
}

/** Both servers end within milliseconds when asked; they keep nothing that would need longer. */
const graceMs = 2000

export const runningServer = ({ process, readyInfo }: Launched): RunningServer => {
  const stop = async (): Promise<void> => void (await process.end(graceMs))
  return {
    url: String(readyInfo['url']),
    port: Number(readyInfo['port']),
    pid: process.pid,
    exited: process.exited,
    kill: (signal) => process.kill(signal),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
