import type { EngineObserver, EngineStep } from './engine.ts'
import type { NodeFaultActor } from './faults/fault-book.ts'
import type { NodeFault } from './faults/fault.ts'
import { listen } from './http/http-listener.ts'
import type { HttpListener, ListenOptions } from './http/http-listener.ts'
import { NodeProcess } from './node-process.ts'
import type { ProcessDependencies, ProcessOptions } from './node-process.ts'
import { versionProfiles } from './profiles/version-profile.ts'

export type LifeDependencies = Omit<ProcessDependencies, 'onNodeFault'>

/** How long responses being sent may take to leave when the node stops, ms. */
const stopGraceMs = 500

/** A node on one data port through the lives and deaths of its process. Acts out the faults of the whole node. */
export class NodeLife implements NodeFaultActor, EngineObserver {
  readonly #options: ProcessOptions
  readonly #dependencies: LifeDependencies
  readonly #listener: HttpListener
  #process: NodeProcess
  #cancelNext: (() => void) | undefined
  #stopped = false
  /** The port while it opens or closes: one at a time. */
  #port: Promise<void> = Promise.resolve()

  static async open(where: ListenOptions, options: ProcessOptions, dependencies: LifeDependencies): Promise<NodeLife> {
    const { faults } = dependencies
    let life: NodeLife | undefined
    const listener = await listen(
      {
        ...where,
        oddities: {
          halfOpen: () => faults.active('half_open') !== undefined,
          closesReused: () => faults.active('keepalive_race') !== undefined,
        },
      },
      async (message, response) => life?.process.handle(message, response),
    )
    life = new NodeLife(listener, options, dependencies)
    return life
  }

  private constructor(listener: HttpListener, options: ProcessOptions, dependencies: LifeDependencies) {
    this.#listener = listener
    this.#options = options
    this.#dependencies = dependencies
    this.#process = this.#start()
    dependencies.faults.actor = this
  }

  get origin(): string {
    return this.#listener.origin
  }

  get process(): NodeProcess {
    return this.#process
  }

  /** The process is gone: connections are reset and the port is closed, until it comes back with nothing in its caches. */
  crash(restartAfterMs: number | null): Promise<void> {
    this.#cancelNext?.()
    this.#process.end()
    const closed = this.#listener.reset()
    this.#port = closed
    if (restartAfterMs !== null && !this.#stopped) {
      this.#cancelNext = this.#dependencies.clock.after(restartAfterMs, () => {
        this.#process = this.#start()
        this.#port = closed.then(() => (this.#stopped ? undefined : this.#listener.reopen()))
      })
    }
    return closed
  }

  /** Ends the process as the release does at SIGTERM. */
  async stop(): Promise<void> {
    const { profile: name, shutdownTimeoutMs } = this.#dependencies.settings()
    const profile = versionProfiles[name]
    const { inference, engine } = this.#process
    this.#stopped = true
    this.#cancelNext?.()
    if (profile.shutdown === 'cut') {
      await this.crash(null)
      engine.stop()
      return
    }
    if (profile.shutdownTimeout && shutdownTimeoutMs > 0) {
      inference.takeNoMore()
      let cancel: (() => void) | undefined
      const timeout = new Promise<void>((resolve) => {
        cancel = this.#dependencies.clock.after(shutdownTimeoutMs, resolve)
      })
      await Promise.race([inference.idle(), timeout])
      cancel?.()
    }
    inference.abortAll()
    await this.#port
    await this.#listener.close(stopGraceMs)
    engine.stop()
  }

  begin(fault: NodeFault): void {
    const { engine } = this.#process
    switch (fault.kind) {
      case 'crash':
        void this.crash(fault.restartAfterMs)
        return
      case 'engine_dead':
        return this.#killEngine(fault.exitAfterMs, fault.restartAfterMs)
      case 'engine_hang':
        return engine.freeze()
      case 'slow':
        return engine.setSlowFactor(fault.factor)
      case 'kv_pressure':
        return engine.setKvBlocks(Math.max(2, Math.floor(engine.load().kvBlocks * fault.ratio)))
      case 'sleep_hang':
        this.#process.sleepLevel = 1
        return engine.pause('keep')
      case 'refuse':
        this.#port = this.#listener.reset()
        return
      case 'metrics_500':
      case 'metrics_missing_series':
      case 'stale_metrics':
      case 'slow_accept':
      case 'half_open':
      case 'keepalive_race':
      case 'oom':
        // Looked up where they matter.
        return
    }
  }

  end(fault: NodeFault): void {
    const { engine } = this.#process
    switch (fault.kind) {
      case 'engine_hang':
        return engine.thaw()
      case 'slow':
        return engine.setSlowFactor(1)
      case 'kv_pressure':
        return engine.setKvBlocks(undefined)
      case 'sleep_hang':
        return this.#process.resume()
      case 'refuse':
        this.#port = this.#port.then(() => (this.#stopped ? undefined : this.#listener.reopen()))
        return
      case 'crash':
      case 'engine_dead':
      case 'oom':
      case 'metrics_500':
      case 'metrics_missing_series':
      case 'stale_metrics':
      case 'slow_accept':
      case 'half_open':
      case 'keepalive_race':
        return
    }
  }

  #killEngine(exitAfterMs: number, restartAfterMs: number | null): void {
    this.#process.killEngine()
    this.#cancelNext?.()
    this.#cancelNext = this.#dependencies.clock.after(exitAfterMs, () => void this.crash(restartAfterMs))
  }

  #start(): NodeProcess {
    return new NodeProcess(this.#options, {
      ...this.#dependencies,
      onNodeFault: (fault) => this.begin(fault.kind === 'oom' ? { ...fault, kind: 'engine_dead' } : fault),
    })
  }

  /** An armed `oom` strikes once so much of the cache is used. */
  stepped(step: EngineStep): void {
    this.#process.metrics.stepped(step)
    const { faults, clock, engine } = this.#dependencies
    const fault = faults.active('oom')
    if (fault === undefined || this.#process.isDead) return
    if (engine.load().kvCacheUsageRatio < fault.kvUsageRatio) return
    this.#process.isDead = true
    // Not inside the engine's own step.
    clock.after(0, () => this.#killEngine(fault.exitAfterMs, fault.restartAfterMs))
  }
}
