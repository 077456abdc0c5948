import { connectBus } from '@penstock/bus'
import { workerBeat } from '@penstock/contracts'
import type { WorkerBeat } from '@penstock/contracts'

/** Hears the beats of all workers, as an ingress does. */
export interface WorkerBeats extends AsyncDisposable {
  /** Resolves at the next beat of a worker process that takes work. Throws after `withinMs`. */
  next(instance: string, withinMs: number): Promise<void>
  /** Resolves once each of these workers has said that it gives work to the node. Throws after `withinMs`. */
  nodeUp(node: string, instances: readonly string[], withinMs: number): Promise<void>
}

const silentLog = { warn: () => undefined, error: () => undefined }

export const listenToBeats = async (natsUrl: string): Promise<WorkerBeats> => {
  const bus = await connectBus(
    { NATS_URL: natsUrl, PENSTOCK_PREFIX: 'penstock' },
    { instance: 'faults', log: silentLog },
  )
  const listeners = new Set<(beat: WorkerBeat) => void>()
  bus.subscribe(workerBeat, [], ({ message }) => {
    for (const hear of listeners) hear(message)
  })
  /** Listens until `hear` is content. */
  const until = async (hear: (beat: WorkerBeat) => boolean, what: string, withinMs: number): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(new Error(`${what} within ${withinMs} ms`)), withinMs)
    const listener = (beat: WorkerBeat): void => {
      if (hear(beat)) resolve()
    }
    listeners.add(listener)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      listeners.delete(listener)
    }
  }
  return {
    next: (instance, withinMs) =>
      until((beat) => beat.instance === instance && !beat.draining, `${instance} did not beat`, withinMs),
    nodeUp(node, instances, withinMs) {
      const missing = new Set(instances)
      const hear = (beat: WorkerBeat): boolean => {
        if (beat.pools.some(({ nodes }) => nodes.some((one) => one.node === node && one.state === 'up')))
          missing.delete(beat.instance)
        return missing.size === 0
      }
      return until(hear, `${node} was not up for all workers`, withinMs)
    },
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  }
}
