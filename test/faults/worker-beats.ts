import { connectBus } from '@penstock/bus'
import { workerBeat } from '@penstock/contracts'

/** Hears the beats of all workers, as an ingress does. */
export interface WorkerBeats extends AsyncDisposable {
  /** Resolves at the next beat of a worker process that takes work. Throws after `withinMs`. */
  next(instance: string, withinMs: number): Promise<void>
}

const silentLog = { warn: () => undefined, error: () => undefined }

export const listenToBeats = async (natsUrl: string): Promise<WorkerBeats> => {
  const bus = await connectBus(
    { NATS_URL: natsUrl, PENSTOCK_PREFIX: 'penstock' },
    { instance: 'faults', log: silentLog },
  )
  const waiting = new Set<{ instance: string; heard: () => void }>()
  bus.subscribe(workerBeat, [], ({ message }) => {
    for (const one of waiting) if (one.instance === message.instance && !message.draining) one.heard()
  })
  return {
    async next(instance, withinMs) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const one = { instance, heard: resolve }
      const timer = setTimeout(() => reject(new Error(`${instance} did not beat within ${withinMs} ms`)), withinMs)
      waiting.add(one)
      try {
        await promise
      } finally {
        clearTimeout(timer)
        waiting.delete(one)
      }
    },
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  }
}
