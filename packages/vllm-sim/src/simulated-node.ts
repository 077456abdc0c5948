import { adminHandler } from './admin-server.ts'
import { scaledClock, systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import type { EngineObserver } from './engine.ts'
import { FaultBook } from './faults/fault-book.ts'
import type { ArmedFault } from './faults/fault-book.ts'
import { FaultRule, isOfNode } from './faults/fault.ts'
import type { FaultInput } from './faults/fault.ts'
import { listen } from './http/http-listener.ts'
import { createNodeEngine } from './node-engine.ts'
import type { PerformanceOptions } from './node-engine.ts'
import { NodeLife } from './node-life.ts'
import type { NodeSettings } from './node-settings.ts'
import { RequestLog } from './request-log.ts'
import type { RequestRecord, RequestTotals } from './request-log.ts'
import { seededRandom } from './engine/jitter.ts'
import type { LoraAdapter } from './served-models.ts'

/** Beyond it the timers of the process are too coarse for any of the node's times. */
export const speedMax = 1000

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
  /** From the start of the process until it answers; its port is open before. */
  readonly startupMs?: number
  /** Faults armed from the start. */
  readonly faults?: readonly FaultInput[]
  /** Of faults with a probability. */
  readonly faultSeed?: number
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
  /** Arms a fault rule; `count` stands for the rule's own. Returns its id. */
  injectFault(fault: FaultInput, count?: number): number
  /** Rules for single requests that still wait for one. */
  faultsWaiting(): readonly ArmedFault[]
  clearFaults(): void
  /** Ends as vLLM does at SIGTERM: answers under way get finish reason `abort`, or what the release and its settings say. */
  stop(): Promise<void>
  /** Resets every connection and closes the ports at once, like a process that dies. */
  crash(): Promise<void>
}

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
    startupMs = 0,
    faults: armed = [],
    faultSeed = 1,
    clock: realClock = systemClock,
    ...start
  } = options
  const clock = speed === 1 ? realClock : scaledClock(speed, realClock)
  let life: NodeLife | undefined
  const observer: EngineObserver = { stepped: (step) => life?.stepped(step) }
  const hardware = createNodeEngine(start, performance, { clock, speed, observer })
  const { engine, streamedTokenMs } = hardware
  let { settings } = hardware
  const faults = new FaultBook(clock, seededRandom(faultSeed))
  const log = new RequestLog()
  const node = await NodeLife.open(
    { host, port },
    { models, loraAdapters, apiKeys, startupMs, streamedTokenMs },
    { clock, engine, settings: () => settings, faults, log },
  )
  life = node
  const configure = (wanted: unknown): void => {
    settings = hardware.change(settings, wanted)
  }
  const adminRoutes = adminHandler({ log, faults, settings: () => settings, configure, life: node })
  const admin = await listen({ host, port: adminPort }, adminRoutes).catch(async (error: unknown) => {
    await node.stop()
    throw error
  })
  for (const fault of armed) faults.arm(FaultRule.parse(fault))

  let ended: Promise<void> | undefined
  const end = async (dataClosed: Promise<void>): Promise<void> => {
    await dataClosed
    faults.disarm()
    await admin.close(0)
  }
  const stop = (): Promise<void> => (ended ??= end(node.stop()))
  return {
    origin: node.origin,
    url: `${node.origin}/v1`,
    adminUrl: admin.origin,
    requests: () => log.requests(),
    totals: () => log.totals(),
    configure,
    injectFault: (fault, count) => faults.arm(FaultRule.parse(count === undefined ? fault : { ...fault, count })),
    faultsWaiting: () => faults.armed().filter(({ fault }) => !isOfNode(fault)),
    clearFaults: () => faults.disarm(),
    stop,
    crash: () => (ended ??= end(node.crash(null))),
    [Symbol.asyncDispose]: stop,
  }
}
