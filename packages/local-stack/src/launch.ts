import { describeExit, errorLine } from './last-words.ts'
import { spawnGuarded } from './guarded-process.ts'
import type { Exit, GuardedProcess } from './guarded-process.ts'

/** What a process said when it became ready. */
export type ReadyInfo = Readonly<Record<string, unknown>>

/** One start of one process. */
export interface Launch {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Whether the process watches the lifeline itself, besides its guard. */
  readonly lifeline: boolean
  /** Recognises the line that says it is ready. */
  readonly readReady: (line: string) => ReadyInfo | null
  readonly readyWithinMs: number
}

export interface LaunchWatch {
  /** Ends the process when aborted before it is ready. */
  readonly signal?: AbortSignal
  readonly onLine?: (line: string) => void
  /** Called as soon as there is a process, ready or not. */
  readonly onSpawn?: (process: GuardedProcess) => void
}

export interface Launched {
  readonly process: GuardedProcess
  readonly readyInfo: ReadyInfo
  /** Its last lines of output, oldest first. */
  lastLines(): string[]
}

const lastLinesMax = 30

/** A process did not become ready. The message names it and ends with its own last error. It is no longer running. */
export class LaunchError extends Error {
  readonly processName: string
  readonly lastLines: string[]

  constructor(processName: string, reason: string, lastLines: string[]) {
    const said = errorLine(lastLines)
    super(`${processName} ${reason}${said === null ? '' : `: ${said}`}`)
    this.name = 'LaunchError'
    this.processName = processName
    this.lastLines = lastLines
  }
}

/** Starts a process and waits until it says that it is ready. Throws LaunchError when it ends first, is too late, or is aborted. */
export const launch = async (what: Launch, watch: LaunchWatch = {}): Promise<Launched> => {
  const lines: string[] = []
  const ready = Promise.withResolvers<ReadyInfo>()
  const gaveUp = Promise.withResolvers<'late' | 'aborted'>()
  const child = await spawnGuarded({
    ...what,
    output: (line) => {
      if (lines.push(line) > lastLinesMax) lines.shift()
      watch.onLine?.(line)
      const info = what.readReady(line)
      if (info !== null) ready.resolve(info)
    },
  })
  watch.onSpawn?.(child)
  const onAbort = (): void => gaveUp.resolve('aborted')
  if (watch.signal?.aborted) onAbort()
  watch.signal?.addEventListener('abort', onAbort)
  const timer = setTimeout(() => gaveUp.resolve('late'), what.readyWithinMs)
  try {
    const first = await Promise.race([
      ready.promise.then((readyInfo) => ({ readyInfo })),
      child.exited.then((exit: Exit) => ({ reason: `ended before it was ready (${describeExit(exit)})` })),
      gaveUp.promise.then((why) => ({
        reason: why === 'late' ? `was not ready within ${what.readyWithinMs} ms` : 'was stopped',
      })),
    ])
    if ('readyInfo' in first) return { process: child, readyInfo: first.readyInfo, lastLines: () => [...lines] }
    await child.end(1000)
    throw new LaunchError(what.name, first.reason, lines)
  } finally {
    clearTimeout(timer)
    watch.signal?.removeEventListener('abort', onAbort)
  }
}
