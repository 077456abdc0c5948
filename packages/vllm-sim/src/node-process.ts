import type { Clock } from './clock.ts'
import type { Engine, PauseMode } from './engine.ts'
import type { FaultBook } from './faults/fault-book.ts'
import type { NodeFault } from './faults/fault.ts'
import type { Handle } from './http/http-listener.ts'
import { InferenceRoute } from './http/inference-route.ts'
import { TokenOutlet } from './http/token-outlet.ts'
import { NodeMetrics } from './metrics/node-metrics.ts'
import type { NodeSettings } from './node-settings.ts'
import type { RequestLog } from './request-log.ts'
import { ServedModels } from './served-models.ts'
import type { LoraAdapter } from './served-models.ts'
import { dataHandler } from './server.ts'

export interface ProcessOptions {
  readonly models: readonly [string, ...string[]]
  readonly loraAdapters: readonly LoraAdapter[]
  readonly apiKeys: readonly string[]
  /** Until it answers anything, ms: loading the model. */
  readonly startupMs: number
  /** What it needs for each streamed token. */
  readonly streamedTokenMs: number
}

export interface ProcessDependencies {
  readonly clock: Clock
  /** The same for every life; cold at the start of each. */
  readonly engine: Engine
  readonly settings: () => NodeSettings
  readonly faults: FaultBook
  readonly log: RequestLog
  readonly onNodeFault: (fault: NodeFault) => void
}

export type SleepLevel = 0 | 1 | 2

/** One life of the server process: models, metrics and requests of its own. A restarted node has another. */
export class NodeProcess {
  readonly engine: Engine
  readonly inference: InferenceRoute
  readonly metrics: NodeMetrics
  readonly models: ServedModels
  readonly handle: Handle
  /** Undefined while awake. */
  sleepLevel: SleepLevel | undefined
  isDead = false
  readonly #outlet: TokenOutlet

  constructor(options: ProcessOptions, dependencies: ProcessDependencies) {
    const { clock, engine, settings, faults, log, onNodeFault } = dependencies
    this.engine = engine
    const startedAt = Math.floor(clock.nowMs() / 1000)
    this.metrics = new NodeMetrics(options.models[0], startedAt, settings())
    this.models = new ServedModels(options.models, options.loraAdapters, startedAt)
    this.#outlet = new TokenOutlet(options.streamedTokenMs, clock)
    this.inference = new InferenceRoute({
      clock,
      outlet: this.#outlet,
      engine,
      faults,
      metrics: this.metrics,
      log,
      models: this.models,
      settings,
      onNodeFault,
    })
    const ready = new Promise<void>((resolve) => {
      if (options.startupMs > 0) clock.after(options.startupMs, resolve)
      else resolve()
    })
    const serve = dataHandler(options, { process: this, settings, faults, clock })
    this.handle = async (message, response) => {
      await ready
      await serve(message, response)
    }
  }

  /** Falls asleep: nothing more is answered, and `/health` stays well. From level 1 on the cache is lost. */
  async sleep(level: SleepLevel, mode: PauseMode): Promise<void> {
    await this.pause(mode)
    this.sleepLevel = level
    if (level > 0) this.engine.resetPrefixCache({ preemptRunning: true })
  }

  async pause(mode: PauseMode): Promise<void> {
    this.engine.pause(mode)
    if (mode === 'wait') await this.inference.idle()
  }

  resume(): void {
    this.sleepLevel = undefined
    this.engine.resume()
  }

  /** The engine core dies: open answers end in an error, later ones are refused, and `/health` fails. */
  killEngine(): void {
    this.isDead = true
    this.inference.die()
    this.engine.crash()
  }

  /** The process is gone, and nobody gets an answer. */
  end(): void {
    this.inference.discardAll()
    this.#outlet.stop()
    this.engine.crash()
  }
}
