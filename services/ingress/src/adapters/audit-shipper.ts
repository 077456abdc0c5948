import { setTimeout as delay } from 'node:timers/promises'
import type { AuditLog } from '@penstock/audit-chain'
import { BusUnavailable } from '@penstock/bus'
import type { Bus } from '@penstock/bus'
import { shipAuditRecords } from '@penstock/contracts'
import type { Logger } from '@penstock/runtime'

/** A batch stays under NATS' 1 MB payload limit. */
const batchBytesMax = 512 * 1024
const retryMs = 500
/** Records gather this long before they travel: shipping is not on any request's path. */
const gatherMs = 200

/**
 * Ships durable records to the archive, oldest first, and frees local room only when the archive has answered that they are on
 * its disk. Runs until `stop`; an archive that is away or refuses costs nothing but room.
 */
export const shipRecords = async (audit: AuditLog, bus: Bus, log: Logger, stop: AbortSignal): Promise<void> => {
  let refused = false
  while (!stop.aborted) {
    try {
      const next = audit.ackedSeq + 1
      await audit.untilDurable(next, stop)
      await delay(gatherMs, undefined, { signal: stop })
      const { records, nextSeq } = await audit.read(next, { bytesMax: batchBytesMax })
      const question = { writerId: audit.writerId, fromSeq: next, count: nextSeq - next }
      const { message: answer } = await bus.request(shipAuditRecords, [], question, {
        bytes: Buffer.from(records.join('\n')),
        tryMs: 2000,
      })
      if (answer.kind === 'archived') await audit.free(Math.min(answer.durableSeq, audit.durableSeq))
      else if (!refused)
        log.error(
          { reason: answer.reason, expected_seq: answer.expectedSeq, writer_id: audit.writerId },
          'the archive refuses audit records',
        )
      refused = answer.kind === 'refused'
      if (refused) await delay(retryMs * 10, undefined, { signal: stop })
    } catch (error) {
      if (stop.aborted) return
      if (!(error instanceof BusUnavailable)) log.error({ err: error }, 'audit records not shipped')
      await delay(retryMs)
    }
  }
}
