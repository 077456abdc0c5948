import { readFile } from 'node:fs/promises'
import { connectBus } from '@penstock/bus'
import { ConfigStoreUnavailable, followConfig, seedConfig } from '@penstock/config'
import type { ConfigStore } from '@penstock/config'
import { BullMqPoolQueue } from '@penstock/queue'
import { startMetricsServer } from '@penstock/runtime'
import type { Logger, RunningService, Shell } from '@penstock/runtime'
import type { RouterConfig } from './config.ts'
import { Router } from './router.ts'

/** Composition root of the router: seeds an empty store, follows the configuration, answers on the bus. */
export const startRouter = async (config: RouterConfig, { log, tracing, instance }: Shell): Promise<RunningService> => {
  await using held = new AsyncDisposableStack()
  const bus = held.use(await connectBus(config, { instance, log }))
  const queue = held.use(
    await BullMqPoolQueue.open(
      { url: config.REDIS_URL, name: `${instance}-queue`, keyPrefix: config.PENSTOCK_PREFIX },
      { onProblem: (problem) => log.warn({ problem: problem.kind }, 'queue problem') },
    ),
  )
  const followed = held.use(
    await followConfig({ redisUrl: config.REDIS_URL, keyPrefix: config.PENSTOCK_PREFIX, instance }, log),
  )
  if (config.PENSTOCK_SEED_CONFIG !== undefined) await seed(followed.store, config.PENSTOCK_SEED_CONFIG, log)
  const { version } = await followed.ready
  const router = held.use(
    await Router.start({
      bus,
      queue,
      log,
      tracing,
      instance,
      now: () => performance.now(),
      snapshot: () => followed.current(),
    }),
  )
  const metrics = held.use(
    await startMetricsServer(
      { host: config.PENSTOCK_ROUTER_METRICS_HOST, port: config.PENSTOCK_ROUTER_METRICS_PORT },
      router.metrics.registry,
    ),
  )
  const kept = held.move()
  return {
    readyInfo: { configVersion: version, metrics_port: metrics.port },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

const storeWithinMs = 5000

/** Throws with path and line when the file is no valid configuration. Waits a while for a store that is just starting. */
const seed = async (store: ConfigStore, file: string, log: Logger): Promise<void> => {
  const text = await readFile(file, 'utf8')
  const until = performance.now() + storeWithinMs
  for (;;) {
    try {
      const seeded = await seedConfig(store, text, { file })
      if (seeded.kind === 'invalid') throw new Error(`the configuration is not valid:\n${seeded.text}`)
      log.info(
        { file, version: seeded.version },
        seeded.kind === 'seeded'
          ? 'configuration stored'
          : 'the store has a configuration already: the file is not used',
      )
      return
    } catch (error) {
      if (!(error instanceof ConfigStoreUnavailable) || performance.now() > until) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
