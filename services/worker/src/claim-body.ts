import { BusUnavailable } from '@penstock/bus'
import type { Bus, TraceHeaders } from '@penstock/bus'
import { claimAttempt, fetchBodyPiece } from '@penstock/contracts'
import type { Go, Job, RunId, WorkerId } from '@penstock/contracts'

export type Claimed = { kind: 'go'; go: Go; body: Buffer } | { kind: 'gone'; reason: string }

/**
 * Claims a job at its owner and fetches the whole body. An owner that does not answer, or that gave the run away meanwhile, makes
 * the job `gone`: whoever owns it will put it back in line.
 */
export const claimBody = async (
  bus: Bus,
  job: Job,
  run: RunId,
  worker: WorkerId,
  place: { node: string; reason: string },
  trace: TraceHeaders,
): Promise<Claimed> => {
  const { request, attempt, ingress } = job
  try {
    const answer = await bus.request(
      claimAttempt,
      [ingress],
      { request, attempt, run, worker, node: place.node, placeReason: place.reason },
      { trace },
    )
    if (answer.message.kind === 'gone') return answer.message
    const go = answer.message
    const pieces = [Buffer.from(answer.bytes)]
    for (let piece = 1; piece < go.pieces; piece++) {
      const further = await bus.request(fetchBodyPiece, [ingress], { request, attempt, run, piece })
      if (!further.message.known) return { kind: 'gone', reason: 'cancelled' }
      pieces.push(Buffer.from(further.bytes))
    }
    const body = pieces.length === 1 ? (pieces[0] ?? Buffer.alloc(0)) : Buffer.concat(pieces)
    return body.byteLength === go.bodyBytes ? { kind: 'go', go, body } : { kind: 'gone', reason: 'incomplete' }
  } catch (error) {
    if (error instanceof BusUnavailable) return { kind: 'gone', reason: 'owner_silent' }
    throw error
  }
}
