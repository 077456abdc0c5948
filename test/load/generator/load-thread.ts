import { monitorEventLoopDelay } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import { openOrigin } from '../../stack/http-stream.ts'
import { ByteTrail } from './byte-trail.ts'
import type { EndedRequest, FromThread, ThreadRequest, ThreadSettings, ToThread } from './load-messages.ts'

/** Timers fire a turn of the loop late: the rest of the wait is looked at turn by turn, ms. */
const watchedMs = 3

/** How often the loop is asked whether it is late, ms. */
const loopResolutionMs = 2

const port = parentPort
if (port === null) throw new Error('this is the load generator’s thread: start it with runLoad')

const { origins: addresses, silenceMs, drainMs } = workerData as ThreadSettings
const origins = addresses.map((address) => openOrigin(address, { silenceMs }))
const loopDelay = monitorEventLoopDelay({ resolution: loopResolutionMs })

const waiting: ThreadRequest[] = []
const cuts = new Set<() => void>()
let next = 0
let startedAt: number | null = null
let planned = false
let stopped = false
let timer: NodeJS.Timeout | undefined
let watch: NodeJS.Immediate | undefined

const say = (message: FromThread, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)

const sendDue = (): void => {
  clearTimeout(timer)
  clearImmediate(watch)
  if (startedAt === null) return
  for (let request = waiting[next]; request !== undefined && !stopped; request = waiting[next]) {
    const waitMs = startedAt + request.atMs - performance.now()
    if (waitMs > 0) {
      if (waitMs > watchedMs) timer = setTimeout(sendDue, waitMs - watchedMs)
      else watch = setImmediate(sendDue)
      return
    }
    next++
    send(request, startedAt + request.atMs)
  }
  waiting.length = 0
  next = 0
  if (planned || stopped) drain()
}

const send = (request: ThreadRequest, intendedAt: number): void => {
  const trail = new ByteTrail()
  const lateMs = performance.now() - intendedAt
  let [status, retryAfterMs, cut] = [0, 0, false]
  const cutOff = (): void => {
    cut = true
    clearTimeout(cutTimer)
    abort?.()
  }
  const cutTimer =
    request.cutAfterMs === null
      ? undefined
      : setTimeout(cutOff, Math.max(0, intendedAt + request.cutAfterMs - performance.now()))
  cuts.add(cutOff)
  const { path, headers, body } = request
  const abort = origins[request.origin]?.post(
    { path, headers, body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) },
    {
      onStatus(said, answerHeaders) {
        status = said
        retryAfterMs = Number(answerHeaders['retry-after'] ?? 0) * 1000 || 0
      },
      onBytes: (bytes) => trail.add(bytes, performance.now() - intendedAt),
      onEnd(error) {
        clearTimeout(cutTimer)
        cuts.delete(cutOff)
        const { bytes, arrivalMs, arrivedBytes } = trail
        const ended: EndedRequest = {
          index: request.index,
          lateMs,
          status,
          retryAfterMs,
          endMs: performance.now() - intendedAt,
          broken: error === null ? null : error.message,
          cut: cut && error !== null,
          bytes,
          arrivalMs,
          arrivedBytes,
        }
        say({ kind: 'ended', ended }, [bytes.buffer, arrivalMs.buffer, arrivedBytes.buffer])
        if (draining && cuts.size === 0) finish()
      },
    },
  )
}

let draining = false
const drain = (): void => {
  if (draining) return
  draining = true
  if (cuts.size === 0) return finish()
  timer = setTimeout(cutAll, stopped ? 0 : drainMs)
}

const cutAll = (): void => {
  for (const cutOff of cuts) cutOff()
}

const finish = (): void => {
  clearTimeout(timer)
  loopDelay.disable()
  const lateAt = (percentile: number): number => Math.max(0, loopDelay.percentile(percentile) / 1e6 - loopResolutionMs)
  say({ kind: 'finished', readLateMs: [lateAt(50), lateAt(95), lateAt(99), lateAt(100)] })
  port.close()
  for (const origin of origins) void origin[Symbol.asyncDispose]()
}

port.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'requests':
      waiting.push(...message.requests)
      return sendDue()
    case 'start':
      startedAt = performance.now()
      loopDelay.enable()
      return sendDue()
    case 'planned':
      planned = true
      return sendDue()
    case 'stop':
      stopped = true
      clearTimeout(timer)
      clearImmediate(watch)
      cutAll()
      return startedAt === null ? finish() : drain()
  }
})
say({ kind: 'ready' })
