import { launch } from './launch.ts'
import type { Launch, Launched, LaunchWatch } from './launch.ts'
import { runningServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import type { ServerProgram } from './servers.ts'

export interface NatsOptions {
  readonly program: ServerProgram
  /** 0 or absent: a free port. */
  readonly port?: number
  /** Makes the server one of a cluster: its own cluster port, and those of all. */
  readonly cluster?: { readonly port: number; readonly ports: readonly number[] }
}

const clusterFlags = (cluster: NatsOptions['cluster']): string[] =>
  cluster === undefined
    ? []
    : [
        '--cluster_name',
        'penstock',
        '--cluster',
        `nats://127.0.0.1:${cluster.port}`,
        '--routes',
        cluster.ports
          .filter((port) => port !== cluster.port)
          .map((port) => `nats://127.0.0.1:${port}`)
          .join(','),
      ]

const natsLaunch = ({ program, port = 0, cluster }: NatsOptions): Launch => ({
  name: 'nats-server',
  command: program.path,
  // The server itself picks a free port for -1, so nothing can take it in between.
  args: ['--addr', '127.0.0.1', '--port', String(port === 0 ? -1 : port), ...clusterFlags(cluster)],
  env: { ...process.env, ...program.env },
  lifeline: false,
  readReady: (line) => {
    const heard = /Listening for client connections on 127\.0\.0\.1:(\d+)/.exec(line)
    return heard === null ? null : { port: Number(heard[1]), url: `nats://127.0.0.1:${heard[1]}` }
  },
  readyWithinMs: 10_000,
})

export const launchNats = (options: NatsOptions, watch: LaunchWatch = {}): Promise<Launched> =>
  launch(natsLaunch(options), watch)

/** Starts a NATS server on 127.0.0.1 that ends with this process at the latest. Throws LaunchError. */
export const startNats = async (options: NatsOptions): Promise<RunningServer> =>
  runningServer(await launchNats(options))
