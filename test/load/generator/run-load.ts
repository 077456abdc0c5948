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
  /** Threads that send. One reads some 10,000 events a second on time. Default 1. */
  readonly threads?: number
}

interface IndexedRequest extends LoadRequest {
  /** Place in the whole plan. */
  readonly index: number
}

/** How late the sending thread's own loop was: bytes that had come were seen at most so late. */
export type ReadLateness = Percentiles & { readonly max: number }

/** Bodies are made this long before they are due, and that often. */
const aheadMs = 1500
const feedEveryMs = 250
/** Requests handed over in one message at most: a longer message would hold the sending thread up. */
const batchMax = 50

/**
 * Sends every request of a plan, ascending in time, from threads that do nothing else; making bodies and judging answers stays on this
 * one. Requests go to the threads in turns. Bounded by the plan's span and `drainMs`. Throws when a thread fails or the signal is aborted.
 */
export const runLoad = async (plan: readonly LoadRequest[], options: LoadOptions): Promise<ReadLateness> => {
  const { onEnded, onStart, signal, threads: count = 1, ...settings } = options
  signal?.throwIfAborted()
  const indexed = plan.map((request, index): IndexedRequest => ({ ...request, index }))
  const threads = Array.from(
    { length: count },
    (_, turn) =>
      new LoadThread(
        indexed.filter(({ index }) => index % count === turn),
        settings,
        onEnded,
      ),
  )
  const stop = (): void => {
    for (const thread of threads) thread.stop()
  }
  signal?.addEventListener('abort', stop, { once: true })
  try {
    await Promise.all(threads.map(({ ready }) => ready))
    for (const thread of threads) thread.start()
    onStart?.()
    const lateness = await Promise.all(threads.map(({ finished }) => finished))
    signal?.throwIfAborted()
    return latest(lateness)
  } finally {
    signal?.removeEventListener('abort', stop)
    await Promise.all(threads.map((thread) => thread.end()))
  }
}

/** Of each percentile the worst thread's. */
const latest = (threads: readonly ReadLateness[]): ReadLateness => {
  const worst = (name: keyof ReadLateness): number => Math.max(...threads.map((thread) => thread[name]))
  return { p50: worst('p50'), p95: worst('p95'), p99: worst('p99'), max: worst('max') }
}

/** Thousands of answers grow for half a minute: with a small young generation each collection copies them, and the thread is late. */
const youngMebibytes = 64

/** One sending thread and its part of the plan. */
class LoadThread {
  readonly ready: Promise<void>
  readonly finished: Promise<ReadLateness>
  readonly #worker: Worker
  readonly #feeder: Feeder

  constructor(plan: readonly IndexedRequest[], settings: ThreadSettings, onEnded: (ended: EndedRequest) => void) {
    const [ready, finished] = [Promise.withResolvers<void>(), Promise.withResolvers<ReadLateness>()]
    this.ready = ready.promise
    this.finished = finished.promise
    // Whoever waits for one of them hears of a failure; the other may have no listener.
    this.ready.catch(() => undefined)
    this.finished.catch(() => undefined)
    this.#worker = new Worker(new URL('./load-thread.ts', import.meta.url), {
      workerData: settings,
      resourceLimits: { maxYoungGenerationSizeMb: youngMebibytes },
    })
    this.#feeder = new Feeder(plan, (message, transfer) => this.#say(message, transfer))
    const fail = (error: Error): void => {
      ready.reject(error)
      finished.reject(error)
    }
    this.#worker.once('error', fail)
    this.#worker.once('exit', (code) => fail(new Error(`a thread of the load generator ended with ${code}`)))
    this.#worker.on('message', (message: FromThread) => {
      switch (message.kind) {
        case 'ready':
          return ready.resolve()
        case 'ended':
          return onEnded(message.ended)
        case 'finished': {
          const [p50 = 0, p95 = 0, p99 = 0, max = 0] = message.readLateMs.map(roundMs)
          return finished.resolve({ p50, p95, p99, max })
        }
      }
    })
  }

  start(): void {
    this.#feeder.start()
    this.#say({ kind: 'start' })
  }

  stop(): void {
    this.#say({ kind: 'stop' })
  }

  async end(): Promise<void> {
    this.#feeder.stop()
    await this.#worker.terminate()
  }

  #say(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }
}

/** Hands the plan over piece by piece, so that bodies exist only for the next moment. */
class Feeder {
  readonly #plan: readonly IndexedRequest[]
  readonly #say: (message: ToThread, transfer: ArrayBuffer[]) => void
  #next = 0
  #startedAt = 0
  #timer: NodeJS.Timeout | undefined

  constructor(plan: readonly IndexedRequest[], say: (message: ToThread, transfer: ArrayBuffer[]) => void) {
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
      batch.push({ ...rest, body: ownBuffer(makeBody()) })
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
