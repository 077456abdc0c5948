import { createHmac, randomBytes } from 'node:crypto'
import { connectBus } from '@penstock/bus'
import { followConfig } from '@penstock/config'
import { WorkerId } from '@penstock/contracts'
import { BullMqPoolQueue } from '@penstock/queue'
import { credentialReader } from '@penstock/runtime'
import type { RunningService, Shell } from '@penstock/runtime'
import type { WorkerConfig } from './config.ts'
import { Worker } from './worker.ts'

/** Composition root of the worker: configuration, bus, queue, then the work. */
export const startWorker = async (config: WorkerConfig, { log, tracing, instance }: Shell): Promise<RunningService> => {
  await using held = new AsyncDisposableStack()
  const bus = held.use(await connectBus(config, { instance, log }))
  const queue = held.use(
    await BullMqPoolQueue.open(
      { url: config.REDIS_URL, name: `${instance}-queue`, keyPrefix: config.PENSTOCK_PREFIX },
      { onProblem: (problem) => log.warn({ problem: problem.kind }, 'queue problem') },
    ),
  )
  let worker: Worker | null = null
  const followed = held.use(
    await followConfig(
      {
        redisUrl: config.REDIS_URL,
        keyPrefix: config.PENSTOCK_PREFIX,
        instance,
        onChange: (snapshot) => worker?.configure(snapshot),
      },
      log,
    ),
  )
  const id = WorkerId.parse(`w-${randomBytes(6).toString('hex')}`)
  worker = held.use(
    new Worker(
      {
        worker: id,
        instance,
        pools:
          config.PENSTOCK_WORKER_POOLS === '*'
            ? null
            : config.PENSTOCK_WORKER_POOLS.split(',').map((pool) => pool.trim()),
        drainMs: config.PENSTOCK_WORKER_DRAIN_MS,
        dnsServers: config.PENSTOCK_DNS_SERVERS,
        cacheSaltOf: (domain) =>
          createHmac('sha256', config.PENSTOCK_CACHE_SALT_SECRET).update(domain).digest('base64url'),
      },
      { bus, queue, log, tracing, readCredential: credentialReader(config.environment), now: () => performance.now() },
      await followed.ready,
    ),
  )
  const kept = held.move()
  return { readyInfo: { worker: id }, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
