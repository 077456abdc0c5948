import { Socket } from 'node:net'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { EnvironmentError } from './environment.ts'
import type { Environment } from './environment.ts'
import { createLogger } from './logger.ts'
import type { Logger } from './logger.ts'
import { startTracing } from './tracing.ts'
import type { Tracing } from './tracing.ts'

/** What the shell gives to every service. */
export interface Shell {
  /** Aborts when the process is asked to stop: drain, then dispose. */
  readonly stop: AbortSignal
  readonly log: Logger
  readonly tracing: Tracing
  readonly instance: string
}

export interface RunningService extends AsyncDisposable {
  /** Facts for the ready line, such as the addresses it listens on. */
  readonly readyInfo: Record<string, unknown>
}

/** Longest wait for a clean end after the stop signal, ms; then the process exits anyway. */
const graceMs = 30_000
/** A start that is under way at the stop signal may end within this time, ms; it may be waiting for something that never comes. */
const startGraceMs = 1000

/**
 * Runs a service from start to a clean end: reads its environment, starts it, prints one line with `"ready":true`, waits for
 * SIGTERM, SIGINT or the end of its launcher, disposes it and lets the process end. A failing start logs one clear line and
 * sets exit code 1; a start that is asked to stop and does not end is given up.
 */
export const runService = async <C>(
  service: string,
  environment: Environment,
  load: (environment: Environment) => C,
  start: (config: C, shell: Shell) => Promise<RunningService>,
): Promise<void> => {
  const instance = environment['PENSTOCK_INSTANCE'] ?? `${service}-${hostname()}`
  const level = environment['PENSTOCK_LOG_LEVEL'] ?? 'info'
  const log = createLogger({ service, instance, level: levels.has(level) ? level : 'info' })
  const stop = stopSignal(environment)
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'))
  process.on('uncaughtException', (error) => log.error({ err: error }, 'uncaught exception'))
  try {
    const config = load(environment)
    await using tracing = await startTracing({
      service,
      instance,
      otlpEndpoint: environment['OTEL_EXPORTER_OTLP_ENDPOINT'],
    })
    stop.addEventListener('abort', () => setTimeout(() => process.exit(1), graceMs).unref())
    await using running = await Promise.race([start(config, { stop, log, tracing, instance }), startGivenUp(stop)])
    if (running !== null) {
      log.info({ ready: true, ...running.readyInfo }, `${service} ready`)
      await aborted(stop)
    }
    log.info(
      { reason: String(stop.reason) },
      running === null ? `${service} stops before it was ready` : `${service} stops`,
    )
  } catch (error) {
    process.exitCode = 1
    if (error instanceof EnvironmentError) log.fatal(error.message)
    else log.fatal({ err: error }, `${service} cannot run: ${error instanceof Error ? error.message : String(error)}`)
  }
  // A library may keep a handle open; the work is done, so the loop need not empty by itself.
  setTimeout(() => process.exit(), 1000).unref()
}

const levels = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

const startGivenUp = async (stop: AbortSignal): Promise<null> => {
  await aborted(stop)
  return delay(startGraceMs, null, { ref: false })
}

/** Aborts on SIGTERM, SIGINT, and when the launcher's lifeline closes (a launcher that was killed leaves nothing behind). */
const stopSignal = (environment: Environment): AbortSignal => {
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => controller.abort(name))
  const lifeline = Number(environment['PENSTOCK_LIFELINE_FD'])
  if (Number.isInteger(lifeline) && lifeline > 2) {
    const pipe = new Socket({ fd: lifeline, readable: true, writable: false })
    const gone = (): void => {
      controller.abort('launcher gone')
      setTimeout(() => process.exit(1), 1500).unref()
    }
    pipe.on('end', gone)
    pipe.on('error', gone)
    pipe.resume()
    pipe.unref()
  }
  return controller.signal
}
