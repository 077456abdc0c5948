import { join } from 'node:path'
import type { BackOff } from './back-off.ts'
import { freePort } from './free-port.ts'
import { launchNats } from './nats.ts'
import { launchRedis } from './redis.ts'
import { launchSentinel, primaryName } from './sentinel.ts'
import type { Servers } from './servers.ts'
import type { Start } from './supervisor.ts'

export interface ClusterKeeper {
  /** Keeps a process running. */
  supervise(name: string, start: Start, restart: BackOff): Promise<void>
}

export interface ClusterUrls {
  readonly natsUrl: string
  readonly redisUrl: string
}

const numbers = [1, 2, 3] as const

const soon: BackOff = { initialMs: 200, maxMs: 1000 }
/** A primary that came back empty before it was missed would be copied, empty, by its replicas: let it be missed first. */
const afterFailover: BackOff = { initialMs: 4000, maxMs: 4000 }

/** Three NATS servers in a cluster; a Redis primary, two replicas and three Sentinels, nothing on disk. Throws LaunchError. */
export const startCluster = async (
  { natsServer, redisServer, dir }: Servers & { dir: string },
  keeper: ClusterKeeper,
): Promise<ClusterUrls> => {
  const ports = await freePorts(numbers.length * 4)
  const [nats, routes, redis, sentinels] = [ports.slice(0, 3), ports.slice(3, 6), ports.slice(6, 9), ports.slice(9)]
  const primaryPort = Number(redis[0])
  await Promise.all([
    ...numbers.map((number, index) =>
      keeper.supervise(
        `nats-${number}`,
        (_previous, watch) =>
          launchNats(
            {
              program: natsServer,
              port: Number(nats[index]),
              cluster: { port: Number(routes[index]), ports: routes },
            },
            watch,
          ),
        soon,
      ),
    ),
    ...numbers.map((number, index) =>
      keeper.supervise(
        `redis-${number}`,
        // Whoever comes back copies the first: the Sentinels point it at the present primary at once.
        (previous, watch) =>
          launchRedis(
            {
              program: redisServer,
              port: Number(redis[index]),
              dir,
              ...(index === 0 && previous === null ? {} : { replicaOf: index === 0 ? Number(redis[1]) : primaryPort }),
            },
            watch,
          ),
        afterFailover,
      ),
    ),
  ])
  await Promise.all(
    numbers.map((number, index) =>
      keeper.supervise(
        `sentinel-${number}`,
        (previous, watch) =>
          launchSentinel(
            {
              redis: redisServer,
              port: Number(sentinels[index]),
              configFile: join(dir, `sentinel-${number}.conf`),
              primaryPort,
            },
            previous === null,
            watch,
          ),
        soon,
      ),
    ),
  )
  const at = (port: number): string => `127.0.0.1:${port}`
  return {
    natsUrl: nats.map((port) => `nats://${at(port)}`).join(','),
    redisUrl: `redis-sentinel://${sentinels.map(at).join(',')}/${primaryName}`,
  }
}

/** Asked one after the other, all different. */
const freePorts = async (count: number): Promise<number[]> => {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}
