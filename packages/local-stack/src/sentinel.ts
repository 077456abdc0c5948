import { writeFile } from 'node:fs/promises'
import { launch } from './launch.ts'
import type { Launched, LaunchWatch } from './launch.ts'
import type { ServerProgram } from './servers.ts'

export interface SentinelOptions {
  readonly redis: ServerProgram
  readonly port: number
  /** Sentinel keeps what it learns in this file. */
  readonly configFile: string
  /** Port of the first primary on this machine. */
  readonly primaryPort: number
}

/** Name of the primary in `REDIS_URL`. */
export const primaryName = 'penstock'

/** A primary is given up after half a second: on one machine nothing but death is silent for longer. */
const settingsOf = ({ port, primaryPort }: SentinelOptions): string =>
  [
    `port ${port}`,
    'bind 127.0.0.1',
    `sentinel monitor ${primaryName} 127.0.0.1 ${primaryPort} 2`,
    `sentinel down-after-milliseconds ${primaryName} 500`,
    `sentinel failover-timeout ${primaryName} 3000`,
    `sentinel parallel-syncs ${primaryName} 2`,
  ].join('\n')

/** Starts a Sentinel. `first`: it has learned nothing yet. Throws LaunchError. */
export const launchSentinel = async (
  options: SentinelOptions,
  first: boolean,
  watch: LaunchWatch = {},
): Promise<Launched> => {
  if (first) await writeFile(options.configFile, settingsOf(options))
  const { redis, port, configFile } = options
  return launch(
    {
      name: 'redis-sentinel',
      command: redis.path,
      args: [configFile, '--sentinel'],
      env: { ...process.env, ...redis.env },
      lifeline: false,
      readReady: (line) => (line.includes('+monitor master') ? { port } : null),
      readyWithinMs: 10_000,
    },
    watch,
  )
}
