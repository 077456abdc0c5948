import { setTimeout as delay } from 'node:timers/promises'
import { Bus } from '@penstock/bus'
import { ConfigStore, connectConfigRedis } from '@penstock/config'
import type { ConfigDocumentInput } from '@penstock/config'
import { reportStatus, workerBeat } from '@penstock/contracts'
import type { WorkerBeat } from '@penstock/contracts'

/** Puts a configuration into the stack's store and waits until it acts everywhere. */
export interface ConfigRollout extends AsyncDisposable {
  /** Resolves once every instance reports the new version and the workers beat for its pools. Throws when that takes too long. */
  apply(document: ConfigDocumentInput, instances: readonly string[]): Promise<void>
}

const everywhereWithinMs = 10_000
/** Time for all services to answer one question on a busy machine. */
const answersWithinMs = 100

export const openConfigRollout = async (urls: { natsUrl: string; redisUrl: string }): Promise<ConfigRollout> => {
  await using held = new AsyncDisposableStack()
  const redis = held.adopt(
    connectConfigRedis({ url: urls.redisUrl, name: 'conformance' }, () => undefined),
    (connection) => connection.disconnect(),
  )
  if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve))
  const store = new ConfigStore({}, { redis })
  const bus = held.use(
    await Bus.connect({
      servers: urls.natsUrl,
      name: 'conformance',
      subjectPrefix: 'penstock',
      onInvalid: report,
      onHandlerError: report,
    }),
  )
  const beats = new Map<string, WorkerBeat>()
  bus.subscribe(workerBeat, [], ({ message }) => void beats.set(message.instance, message))
  const kept = held.move()

  const behind = async (version: number, instances: readonly string[]): Promise<string[]> => {
    const statuses = await bus.collect(reportStatus, {}, answersWithinMs)
    const current = new Set(
      statuses.filter((status) => status.configVersion >= version).map(({ instance }) => instance),
    )
    // A router knows of a pool what the workers' beats say.
    const silent = [...beats.values()]
      .filter((beat) => beat.configVersion < version)
      .map(({ instance }) => `${instance} (beat)`)
    return [
      ...instances.filter((instance) => !current.has(instance)),
      ...silent,
      ...(beats.size === 0 ? ['every worker'] : []),
    ]
  }

  return {
    async apply(document, instances) {
      const applied = await store.apply(document, { author: 'conformance' })
      if (applied.kind !== 'applied') throw new Error(`the configuration is refused: ${JSON.stringify(applied)}`)
      const mustBeAt = performance.now() + everywhereWithinMs
      for (;;) {
        const missing = await behind(applied.version, instances)
        if (missing.length === 0) return
        if (performance.now() > mustBeAt)
          throw new Error(
            `configuration ${applied.version} does not act in ${missing.join(', ')} after ${everywhereWithinMs} ms`,
          )
        await delay(20)
      }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

const report = (problem: object): void => console.error('conformance: a message on the bus is wrong', problem)
