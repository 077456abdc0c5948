import { startOnFreePort } from './free-port.ts'
import { launch } from './launch.ts'
import type { Launch, Launched, LaunchWatch } from './launch.ts'
import { runningServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import type { ServerProgram } from './servers.ts'

export interface RedisOptions {
  readonly program: ServerProgram
  /** 0 or absent: a free port. */
  readonly port?: number
  /** Port of the primary on this machine that it copies. */
  readonly replicaOf?: number
  /** Where a copy that it receives is kept for a moment. */
  readonly dir?: string
}

/** Keeps nothing on disk, and refuses writes rather than dropping keys, as BullMQ demands. */
const settings = [
  '--bind',
  '127.0.0.1',
  '--save',
  '',
  '--appendonly',
  'no',
  '--maxmemory-policy',
  'noeviction',
  '--daemonize',
  'no',
]

const redisLaunch = ({ program, replicaOf, dir }: RedisOptions, port: number): Launch => ({
  name: 'redis-server',
  command: program.path,
  args: [
    '--port',
    String(port),
    ...settings,
    ...(dir === undefined ? [] : ['--dir', dir, '--dbfilename', `redis-${port}.rdb`]),
    // A copy is sent at once, and a partial one after a short break.
    '--repl-diskless-sync-delay',
    '0',
    '--repl-backlog-size',
    '64mb',
    ...(replicaOf === undefined ? [] : ['--replicaof', '127.0.0.1', String(replicaOf)]),
  ],
  env: { ...process.env, ...program.env },
  lifeline: false,
  readReady: (line) =>
    line.includes('Ready to accept connections') ? { port, url: `redis://127.0.0.1:${port}` } : null,
  readyWithinMs: 10_000,
})

export const launchRedis = (options: RedisOptions, watch: LaunchWatch = {}): Promise<Launched> => {
  const { port = 0 } = options
  const startOn = (chosen: number): Promise<Launched> => launch(redisLaunch(options, chosen), watch)
  return port === 0 ? startOnFreePort(startOn) : startOn(port)
}

/** Starts a Redis server on 127.0.0.1 that keeps nothing on disk and ends with this process at the latest. Throws LaunchError. */
export const startRedis = async (options: RedisOptions): Promise<RunningServer> =>
  runningServer(await launchRedis(options))
