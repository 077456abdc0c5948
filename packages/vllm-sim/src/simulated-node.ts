import { adminHandler } from './admin-server.ts'
import { scaledClock, systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import { FaultBook } from './faults/fault-book.ts'
import { Fault } from './faults/fault.ts'
import type { FaultInput } from './faults/fault.ts'
import { listen } from './http/http-listener.ts'
import { InferenceRoute } from './http/inference-route.ts'
import { NodeMetrics } from './metrics/node-metrics.ts'
import { createNodeEngine } from './node-engine.ts'
import type { PerformanceOptions } from './node-engine.ts'
import type { NodeSettings } from './node-settings.ts'
import { RequestLog } from './request-log.ts'
import type { RequestRecord, RequestTotals } from './request-log.ts'
import { ServedModels } from './served-models.ts'
import type { LoraAdapter } from './served-models.ts'
import { dataHandler } from './server.ts'

export interface SimulatedNodeOptions extends Partial<NodeSettings> {
  /** Names it answers to. The first stands in every answer and seeds the text: nodes with the same first name say the same. */
  readonly models?: readonly [string, ...string[]]
  readonly host?: string
  /** 0: any free port. */
  readonly port?: number
  readonly adminPort?: number
  /** Empty: no key is asked for. */
  readonly apiKeys?: readonly string[]
  /** Adapters it has from the start (`--lora-modules`). */
  readonly loraAdapters?: readonly LoraAdapter[]
  /** Hardware to behave like; without it, tokens come at fixed times (`ttftMs`, `itlMs`). */
  readonly performance?: PerformanceOptions | undefined
  /** How many seconds of the node pass in one: 10 for a demonstration. All its instants are on that time. */
  readonly speed?: number
  readonly clock?: Clock
}

/** A running node. Disposing it is `stop`. */
export interface SimulatedNode extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  /** The origin with `/v1`: base URL for OpenAI clients. */
  readonly url: string
  readonly adminUrl: string
  /** The latest requests, oldest first. */
  requests(): RequestRecord[]
  totals(): RequestTotals
  /** Changes settings of the running node; timing applies from the next token on. */
  configure(change: Partial<NodeSettings>): void
  /** Strikes the next `count` requests (1) that pass validation. */
  injectFault(fault: FaultInput, count?: number): void
  clearFaults(): void
  /** Ends answers under way with finish reason `abort`, then closes: what vLLM does at SIGTERM. */
  stop(): Promise<void>
  /** Resets every connection and closes the ports at once, like a process that dies. */
  crash(): Promise<void>
}

/** How long responses being sent may take to leave when the node stops, ms. */
const stopGraceMs = 500

/** Starts a node on its own data and admin port. Throws when a port is taken or an option is out of range. */
export const startSimulatedNode = async (options: SimulatedNodeOptions = {}): Promise<SimulatedNode> => {
  const {
    models = ['penstock-sim'],
    host = '127.0.0.1',
    port = 0,
    adminPort = 0,
    apiKeys = [],
    loraAdapters = [],
    performance,
    speed = 1,
    clock: realClock = systemClock,
    ...start
  } = options
  const clock = speed === 1 ? realClock : scaledClock(speed, realClock)
  const { engine, change, settings: startSettings } = createNodeEngine(start, performance, { clock })
  let settings = startSettings
  const faults = new FaultBook()
  const metrics = new NodeMetrics(models[0])
  const log = new RequestLog()
  const served = new ServedModels(models, loraAdapters, Math.floor(clock.nowMs() / 1000))
  const inference = new InferenceRoute({
    clock,
    engine,
    faults,
    metrics,
    log,
    models: served,
    settings: () => settings,
  })
  const configure = (wanted: unknown): void => {
    settings = change(settings, wanted)
  }

  const dataRoutes = dataHandler({ apiKeys }, { settings: () => settings, models: served, inference, engine, metrics })
  const data = await listen({ host, port }, dataRoutes)
  const adminRoutes = adminHandler({ log, faults, settings: () => settings, configure })
  const admin = await listen({ host, port: adminPort }, adminRoutes).catch(async (error: unknown) => {
    await data.close(0)
    throw error
  })

  let ended: Promise<void> | undefined
  const end = async (dataClosed: Promise<void>): Promise<void> => {
    await Promise.all([dataClosed, admin.close(0)])
    engine.stop()
  }
  const stop = (): Promise<void> => {
    inference.abortAll()
    return (ended ??= end(data.close(stopGraceMs)))
  }
  return {
    origin: data.origin,
    url: `${data.origin}/v1`,
    adminUrl: admin.origin,
    requests: () => log.requests(),
    totals: () => log.totals(),
    configure,
    injectFault: (fault, count = 1) => faults.arm(Fault.parse(fault), count),
    clearFaults: () => faults.disarmAll(),
    stop,
    crash: () => {
      inference.discardAll()
      return (ended ??= end(data.reset()))
    },
    [Symbol.asyncDispose]: stop,
  }
}
