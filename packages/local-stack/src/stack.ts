import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BackOff } from './back-off.ts'
import { parseJsonLine } from './last-words.ts'
import { launch } from './launch.ts'
import type { ReadyInfo } from './launch.ts'
import { openLineLog } from './line-log.ts'
import { launchNats } from './nats.ts'
import { requireReachable } from './reachability.ts'
import { launchRedis } from './redis.ts'
import { ensureServers } from './servers.ts'
import type { Servers } from './servers.ts'
import { startCluster } from './cluster.ts'
import { Supervisor } from './supervisor.ts'
import type { ProcessState, Start } from './supervisor.ts'

/** One Node process that prints a line of JSON with `"ready":true` once it serves. */
export interface ServiceSpec {
  /** Unique in the stack, for example `worker-1`. */
  readonly name: string
  /** Absolute path of its entry. */
  readonly entry: string
  readonly env?: Readonly<Record<string, string>>
  readonly readyWithinMs: number
  /** Further variables for a restart, from what it said when it was ready: keeps a port that was chosen freely. */
  readonly restartEnv?: (readyInfo: ReadyInfo) => Readonly<Record<string, string>>
}

export interface LocalStackOptions {
  /** Where downloaded servers are kept, and the services' working folder. */
  readonly projectRoot: string
  /** Logs go to `logs/<name>.log` in it. */
  readonly dataDir: string
  readonly services: readonly ServiceSpec[]
  /** Environment of every service, whole. */
  readonly env: NodeJS.ProcessEnv
  /** Servers to use instead of own ones. */
  readonly natsUrl?: string
  readonly redisUrl?: string
  /** Three NATS servers in a cluster, and a Redis primary with two replicas watched by three Sentinels. Default: one of each. */
  readonly highlyAvailable?: boolean
  readonly onLog?: (name: string, line: string) => void
  /** One sentence for people: a download, or a process that ended and starts again. */
  readonly onNotice?: (sentence: string) => void
  readonly restart?: BackOff
  /** Stops the stack when aborted, in the middle of its start too. */
  readonly signal?: AbortSignal
}

/** NATS, Redis and services on this machine. Nothing of it outlives this process. */
export interface LocalStack extends AsyncDisposable {
  readonly natsUrl: string
  readonly redisUrl: string
  /** Starts more services, all at once. Throws LaunchError for the first that does not become ready. */
  startServices(services: readonly ServiceSpec[]): Promise<void>
  /** A service, or own server: `nats` and `redis`; `nats-1` to `-3`, `redis-1` to `-3`, `sentinel-1` to `-3` when highly available. */
  process(name: string): ProcessState
  /** Sends a signal to a running process; it is started anew when it ends. */
  kill(name: string, signal: NodeJS.Signals): void
  /** Resolves once the process has become ready more than `sinceCount` times. Throws after `withinMs`, default 20 s. */
  waitReady(name: string, sinceCount: number, withinMs?: number): Promise<void>
  /** Ends the services one by one, the one given last first, then the servers. What still runs after 5 s is killed. */
  stop(): Promise<void>
}

const defaultRestart: BackOff = { initialMs: 100, maxMs: 5000 }
const stopGraceMs = 5000
const lifelineFd = '3'

const readReady = (line: string): ReadyInfo | null => {
  if (!line.includes('"ready":true')) return null
  const record = parseJsonLine(line)
  return record?.['ready'] === true ? record : null
}

/** A restarted server keeps its port: everything else knows it by that. */
const portOf = (previous: ReadyInfo | null): number => Number(previous?.['port'] ?? 0)

class Stack implements LocalStack {
  natsUrl = ''
  redisUrl = ''
  readonly #options: LocalStackOptions
  /** In the order of their start. */
  readonly #supervisors = new Map<string, Supervisor>()
  readonly #logs = new DisposableStack()
  #stopped: Promise<void> | null = null

  constructor(options: LocalStackOptions) {
    this.#options = options
    mkdirSync(join(options.dataDir, 'logs'), { recursive: true })
  }

  async startServers(): Promise<void> {
    const { natsUrl, redisUrl, projectRoot, onNotice } = this.#options
    if (natsUrl !== undefined) await requireReachable('NATS', natsUrl, 'NATS_URL', 4222)
    if (redisUrl !== undefined) await requireReachable('Redis', redisUrl, 'REDIS_URL', 6379)
    this.natsUrl = natsUrl ?? ''
    this.redisUrl = redisUrl ?? ''
    if (natsUrl !== undefined && redisUrl !== undefined) return
    const { natsServer, redisServer } = await ensureServers({
      projectRoot,
      ...(onNotice === undefined ? {} : { onProgress: onNotice }),
    })
    if (this.#options.highlyAvailable === true) return this.#startCluster({ natsServer, redisServer })
    await Promise.all([
      natsUrl ??
        this.#supervise('nats', (previous, watch) =>
          launchNats({ program: natsServer, port: portOf(previous) }, watch),
        ),
      redisUrl ??
        this.#supervise('redis', (previous, watch) =>
          launchRedis({ program: redisServer, port: portOf(previous) }, watch),
        ),
    ])
    this.natsUrl ||= String(this.process('nats').readyInfo?.['url'])
    this.redisUrl ||= String(this.process('redis').readyInfo?.['url'])
  }

  async #startCluster({ natsServer, redisServer }: Servers): Promise<void> {
    const cluster = await startCluster(
      { natsServer, redisServer, dir: this.#options.dataDir },
      { supervise: (name, start, restart) => this.#supervise(name, start, restart) },
    )
    this.natsUrl ||= cluster.natsUrl
    this.redisUrl ||= cluster.redisUrl
  }

  async startServices(services: readonly ServiceSpec[]): Promise<void> {
    await Promise.all(services.map((service) => this.#supervise(service.name, this.#serviceStart(service))))
  }

  process(name: string): ProcessState {
    return this.#supervisor(name).state
  }

  kill(name: string, signal: NodeJS.Signals): void {
    this.#supervisor(name).kill(signal)
  }

  async waitReady(name: string, sinceCount: number, withinMs = 20_000): Promise<void> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => late.reject(new Error(`${name} was not ready again within ${withinMs} ms`)),
      withinMs,
    )
    try {
      await Promise.race([this.#supervisor(name).readyMoreThan(sinceCount), late.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #stop(): Promise<void> {
    const mustEndAt = performance.now() + stopGraceMs
    for (const supervisor of [...this.#supervisors.values()].toReversed()) {
      await supervisor.stop(Math.max(0, mustEndAt - performance.now()))
    }
    this.#logs.dispose()
  }

  #supervisor(name: string): Supervisor {
    const supervisor = this.#supervisors.get(name)
    if (supervisor === undefined) throw new Error(`the stack has no process ${name}`)
    return supervisor
  }

  async #supervise(name: string, start: Start, ownRestart?: BackOff): Promise<void> {
    if (this.#stopped !== null) throw new Error('the stack is stopping')
    if (this.#supervisors.has(name)) throw new Error(`the stack has a process ${name} already`)
    const { dataDir, onLog, onNotice, restart = defaultRestart } = this.#options
    const log = this.#logs.use(openLineLog(join(dataDir, 'logs', `${name}.log`)))
    const supervisor = new Supervisor(
      {
        name,
        logFile: log.path,
        backOff: ownRestart ?? restart,
        onLine: (line) => {
          if (!this.#logs.disposed) log.write(line)
          onLog?.(name, line)
        },
        onTrouble: (sentence) => onNotice?.(sentence),
      },
      start,
    )
    this.#supervisors.set(name, supervisor)
    await supervisor.start()
  }

  #serviceStart({ name, entry, env, readyWithinMs, restartEnv }: ServiceSpec): Start {
    return (previous, watch) =>
      launch(
        {
          name,
          command: process.execPath,
          args: [entry],
          cwd: this.#options.projectRoot,
          env: {
            ...this.#options.env,
            NATS_URL: this.natsUrl,
            REDIS_URL: this.redisUrl,
            PENSTOCK_INSTANCE: name,
            ...env,
            ...(previous === null ? {} : restartEnv?.(previous)),
            PENSTOCK_LIFELINE_FD: lifelineFd,
          },
          lifeline: true,
          readReady,
          readyWithinMs,
        },
        watch,
      )
  }
}

/**
 * Starts NATS and Redis, unless given, then the services, all at once. Throws one clear line when a server is missing or out of reach, and
 * LaunchError when a service does not become ready; nothing runs then.
 */
export const startLocalStack = async (options: LocalStackOptions): Promise<LocalStack> => {
  const stack = new Stack(options)
  options.signal?.addEventListener('abort', () => void stack.stop(), { once: true })
  try {
    await stack.startServers()
    await stack.startServices(options.services)
    return stack
  } catch (error) {
    await stack.stop()
    throw error
  }
}
