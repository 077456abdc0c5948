import { setTimeout as delay } from 'node:timers/promises'
import { nextWaitMs } from './back-off.ts'
import type { BackOff } from './back-off.ts'
import type { GuardedProcess } from './guarded-process.ts'
import { describeExit, errorLine } from './last-words.ts'
import type { Launched, LaunchWatch, ReadyInfo } from './launch.ts'

/** What is known of a process that is kept running. */
export interface ProcessState {
  readonly name: string
  /** Of the running process; null between two. */
  readonly pid: number | null
  /** Times it became ready. */
  readonly readyCount: number
  /** Times it ended without being asked to. */
  readonly exits: number
  /** What it said when it last became ready. */
  readonly readyInfo: ReadyInfo | null
  readonly logFile: string
}

export interface SupervisorOptions {
  readonly name: string
  readonly logFile: string
  readonly backOff: BackOff
  readonly onLine: (line: string) => void
  /** One sentence for people when it ends unasked. */
  readonly onTrouble: (sentence: string) => void
}

/** Starts the process; `previous` is what it said at its last start. */
export type Start = (previous: ReadyInfo | null, watch: LaunchWatch) => Promise<Launched>

/** Keeps one process running: started anew whenever it ends, until stopped. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #start: Start
  readonly #stopping = new AbortController()
  #process: GuardedProcess | null = null
  #readyCount = 0
  #exits = 0
  #readyInfo: ReadyInfo | null = null
  #readyChanged = Promise.withResolvers<void>()
  /** Settles once nothing of it runs or will. */
  #running: Promise<void> = Promise.resolve()

  constructor(options: SupervisorOptions, start: Start) {
    this.#options = options
    this.#start = start
  }

  get state(): ProcessState {
    const { name, logFile } = this.#options
    return {
      name,
      pid: this.#process?.pid ?? null,
      readyCount: this.#readyCount,
      exits: this.#exits,
      readyInfo: this.#readyInfo,
      logFile,
    }
  }

  /** The first start, on which nothing is repeated: throws LaunchError when it fails. */
  async start(): Promise<void> {
    const launching = this.#launch()
    this.#running = launching.then(
      () => undefined,
      () => undefined,
    )
    this.#running = this.#keep(await launching)
  }

  kill(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  /** Resolves once it has become ready more than `count` times. */
  async readyMoreThan(count: number): Promise<void> {
    while (this.#readyCount <= count) await this.#readyChanged.promise
  }

  /** SIGTERM, then SIGKILL after `graceMs`. Resolves once nothing of it runs. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort()
    await this.#process?.end(graceMs)
    await this.#running
  }

  async #launch(): Promise<Launched> {
    const { signal } = this.#stopping
    const launched = await this.#start(this.#readyInfo, {
      signal,
      onLine: this.#options.onLine,
      onSpawn: (process) => {
        this.#process = process
        const forget = (): void => {
          if (this.#process === process) this.#process = null
        }
        process.exited.then(forget, forget)
      },
    })
    this.#readyInfo = launched.readyInfo
    this.#readyCount++
    this.#readyChanged.resolve()
    this.#readyChanged = Promise.withResolvers()
    return launched
  }

  async #keep(first: Launched): Promise<void> {
    const { signal } = this.#stopping
    const { name, backOff, onTrouble } = this.#options
    let waitMs: number | null = null
    let startedAt = performance.now()
    let launched: Launched | null = first
    while (!signal.aborted) {
      let reason: string
      try {
        launched ??= await this.#launch()
        const exit = await launched.process.exited
        const said = exit.code === 0 ? null : errorLine(launched.lastLines())
        reason = `${name} ended (${describeExit(exit)})${said === null ? '' : `: ${said}`}`
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error)
      }
      if (signal.aborted) return
      launched = null
      this.#exits++
      waitMs = nextWaitMs(waitMs, performance.now() - startedAt, backOff)
      onTrouble(`${reason}; starts again in ${waitMs} ms`)
      await delay(waitMs, undefined, { signal }).catch(() => undefined)
      startedAt = performance.now()
    }
  }
}
