import type { EngineObserver, EngineStep } from './engine.ts'
import type { NodeFaultActor } from './faults/fault-book.ts'
import { faultKinds } from './faults/fault.ts'
import type { FaultKind, FaultRule, NodeFault } from './faults/fault.ts'
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
  /** There is a process to talk to. */
  #alive = true
  /** What `#port` came to. */
  #isOpen = true
  /** The port while it opens or closes: one at a time. */
  #port: Promise<void> = Promise.resolve()
  /** So much of the cache was used that an armed `oom` had its occasion. */
  #wasFull = false

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
    this.#alive = false
    if (restartAfterMs !== null && !this.#stopped)
      this.#cancelNext = this.#dependencies.clock.after(restartAfterMs, () => this.#restart())
    return this.#settlePort()
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
    if (fault.kind === 'crash') void this.crash(fault.restartAfterMs)
    else if (fault.kind === 'engine_dead') this.#killEngine(fault.exitAfterMs, fault.restartAfterMs)
    else this.#plays[fault.kind]?.()
  }

  end(fault: NodeFault): void {
    this.#plays[fault.kind]?.()
  }

  /** Make the node what the live rules of a kind say. Kinds that are not here are looked up where they matter. */
  readonly #plays: { readonly [K in FaultKind]?: () => void } = {
    engine_hang: () => {
      const { engine } = this.#process
      if (this.#active('engine_hang') === undefined) engine.thaw()
      else engine.freeze()
    },
    slow: () => this.#process.engine.setSlowFactor(this.#active('slow')?.factor ?? 1),
    kv_pressure: () => this.#process.engine.setKvRatio(this.#active('kv_pressure')?.ratio ?? 1),
    sleep_hang: () => {
      if (this.#active('sleep_hang') === undefined) return this.#process.resume()
      this.#process.sleepLevel = 1
      this.#process.engine.pause('keep')
    },
    refuse: () => void this.#settlePort(),
  }

  #active<K extends FaultKind>(kind: K): Extract<FaultRule, { kind: K }> | undefined {
    return this.#dependencies.faults.active(kind)
  }

  /** Opens or closes the port as the process and the faults have it by then. */
  #settlePort(): Promise<void> {
    this.#port = this.#port.then(() => {
      const open = this.#alive && !this.#stopped && this.#active('refuse') === undefined
      if (open === this.#isOpen) return undefined
      this.#isOpen = open
      return open ? this.#listener.reopen() : this.#listener.reset()
    })
    return this.#port
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

  /** A process of its own life; what lasts lasts on. */
  #restart(): void {
    this.#process = this.#start()
    this.#alive = true
    this.#wasFull = false
    for (const kind of faultKinds) if (this.#active(kind) !== undefined) this.#plays[kind]?.()
    void this.#settlePort()
  }

  /** An armed `oom` may strike each time so much of the cache comes to be used. */
  stepped(step: EngineStep): void {
    this.#process.metrics.stepped(step)
    const { faults, clock, engine } = this.#dependencies
    const fault = faults.active('oom')
    if (this.#process.isDead) return
    const isFull = fault !== undefined && engine.load().kvCacheUsageRatio >= fault.kvUsageRatio
    const fills = isFull && !this.#wasFull
    this.#wasFull = isFull
    if (!fills || !faults.strikes(fault)) return
    this.#process.isDead = true
    // Not inside the engine's own step.
    clock.after(0, () => this.#killEngine(fault.exitAfterMs, fault.restartAfterMs))
  }
}
