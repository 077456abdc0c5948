import { checkMessage } from '@penstock/bus'
import type { Bus } from '@penstock/bus'
import {
  Frame,
  beatEveryMs,
  cancelRequest,
  claimAttempt,
  fetchBodyPiece,
  ingressBeat,
  listRequests,
  liveRequestsMax,
  reportStatus,
  requestReplacing,
  runFrames,
  workerBeat,
} from '@penstock/contracts'
import type { IngressId } from '@penstock/contracts'
import type { Logger } from '@penstock/runtime'
import type { Desk } from '../desk.ts'

/** Lets workers reach the desk: claims, body pieces, frames, beats. Beats in turn, so that workers know their owner lives. */
export const serveDesk = (
  bus: Bus,
  desk: Desk,
  options: { ingress: IngressId; instance: string; log: Logger; configVersion: () => number },
): Disposable => {
  const { ingress } = options
  bus.serve(claimAttempt, [ingress], async ({ message }) => desk.claim(message))
  bus.serve(fetchBodyPiece, [ingress], ({ message }) => {
    const bytes = desk.piece(message.request, message.run, message.piece)
    return bytes === null ? { reply: { known: false } } : { reply: { known: true }, bytes }
  })
  bus.subscribe(runFrames, [ingress], ({ message }) => {
    for (const json of message.frames) {
      const frame = checkMessage(Frame, json)
      if (frame.ok) desk.frame(frame.message)
      else options.log.warn({ reason: frame.reason }, 'frame breaks its schema: dropped')
    }
  })
  bus.subscribe(workerBeat, [], ({ message }) => desk.workerBeat(message))
  bus.subscribe(requestReplacing, [], ({ message }) => {
    if (message.ingress !== ingress) desk.replacing(message.replaceKey, message.request, message.askedAt)
  })
  bus.serve(listRequests, [], () => ({
    reply: { instance: options.instance, count: desk.size, requests: desk.list(liveRequestsMax) },
  }))
  bus.serve(cancelRequest, [], ({ message }) => ({ reply: { cancelled: desk.cancel(message.id, message.by) } }))
  bus.serve(reportStatus, [], () => ({
    reply: { service: 'ingress', instance: options.instance, configVersion: options.configVersion() },
  }))
  const beat = setInterval(() => {
    if (bus.connected) bus.publish(ingressBeat, [], { ingress, lagMs: Math.round(bus.lagMs) })
  }, beatEveryMs)
  return { [Symbol.dispose]: () => clearInterval(beat) }
}
