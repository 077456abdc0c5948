import { Worker } from 'node:worker_threads'
import { roundMs } from '../latency.ts'
import type { Percentiles } from '../latency.ts'
import type { EndedRequest, FromThread, ThreadRequest, ThreadSettings, ToThread } from './load-messages.ts'

export type { EndedRequest } from './load-messages.ts'

/** A request to be sent at an instant, whether or not the ones before it have been answered. Its body is made shortly before. */
export interface LoadRequest extends Omit<ThreadRequest, 'index' | 'body'> {
  readonly makeBody: () => Uint8Array<ArrayBuffer>
}

export interface LoadOptions extends ThreadSettings {
  /** Called on this thread with each request as it ends. */
  readonly onEnded: (ended: EndedRequest) => void
  /** Called when the first instant of the plan is now. */
  readonly onStart?: () => void
  /** Ends the load when aborted. */
  readonly signal?: AbortSignal
}

/** How late the sending thread's own loop was: bytes that had come were seen at most so late. */
export type ReadLateness = Percentiles & { readonly max: number }

/** Bodies are made this long before they are due, and that often. */
const aheadMs = 1500
const feedEveryMs = 250
/** Requests handed over in one message at most: a longer message would hold the sending thread up. */
const batchMax = 50

/**
 * Sends every request of a plan, ascending in time, from a thread of its own that does nothing else; making bodies and judging answers stays
 * on this one. Bounded by the plan's span and `drainMs`. Throws when the thread fails or the signal is aborted.
 */
export const runLoad = async (plan: readonly LoadRequest[], options: LoadOptions): Promise<ReadLateness> => {
  const { onEnded, onStart, signal, ...settings } = options
  signal?.throwIfAborted()
  const worker = new Worker(new URL('./load-thread.ts', import.meta.url), { workerData: settings })
  const say = (message: ToThread, transfer: ArrayBuffer[] = []): void => worker.postMessage(message, transfer)
  const over = Promise.withResolvers<ReadLateness>()
  const feeder = new Feeder(plan, say)
  const stop = (): void => say({ kind: 'stop' })
  worker.on('message', (message: FromThread) => {
    switch (message.kind) {
      case 'ready':
        feeder.start()
        say({ kind: 'start' })
        return onStart?.()
      case 'ended':
        return onEnded(message.ended)
      case 'finished': {
        const [p50 = 0, p95 = 0, p99 = 0, max = 0] = message.readLateMs.map(roundMs)
        return over.resolve({ p50, p95, p99, max })
      }
    }
  })
  worker.once('error', over.reject)
  worker.once('exit', (code) => over.reject(new Error(`the load generator’s thread ended with ${code}`)))
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const lateness = await over.promise
    signal?.throwIfAborted()
    return lateness
  } finally {
    signal?.removeEventListener('abort', stop)
    feeder.stop()
    await worker.terminate()
  }
}

/** Hands the plan over piece by piece, so that bodies exist only for the next moment. */
class Feeder {
  readonly #plan: readonly LoadRequest[]
  readonly #say: (message: ToThread, transfer: ArrayBuffer[]) => void
  #next = 0
  #startedAt = 0
  #timer: NodeJS.Timeout | undefined

  constructor(plan: readonly LoadRequest[], say: (message: ToThread, transfer: ArrayBuffer[]) => void) {
    this.#plan = plan
    this.#say = say
  }

  start(): void {
    this.#startedAt = performance.now()
    this.#timer = setInterval(() => this.#feed(), feedEveryMs)
    this.#feed()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #feed(): void {
    const untilMs = performance.now() - this.#startedAt + aheadMs
    let batch: ThreadRequest[] = []
    const hand = (): void => {
      if (batch.length > 0)
        this.#say(
          { kind: 'requests', requests: batch },
          batch.map(({ body }) => body.buffer as ArrayBuffer),
        )
      batch = []
    }
    for (let request = this.#plan[this.#next]; request !== undefined && request.atMs <= untilMs;) {
      const { makeBody, ...rest } = request
      batch.push({ ...rest, index: this.#next, body: ownBuffer(makeBody()) })
      if (batch.length >= batchMax) hand()
      request = this.#plan[++this.#next]
    }
    hand()
    if (this.#next < this.#plan.length) return
    this.stop()
    this.#say({ kind: 'planned' }, [])
  }
}

/** Bytes alone in their memory, as moving them to another thread asks for: small buffers share a pool. */
const ownBuffer = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
