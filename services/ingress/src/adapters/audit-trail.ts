import { setTimeout as delay } from 'node:timers/promises'
import { AuditUnavailable } from '@penstock/audit-chain'
import type { AuditEntry, AuditLog } from '@penstock/audit-chain'
import type { Trail } from '../outside.ts'

/** Pause between tries to write an end record to a disk that fails, ms. */
const retryMs = 500

/**
 * The desk's trail on the local write-ahead log. An end record that the disk refuses is tried until it takes it, whoever has
 * stopped waiting: the request stays open in the log until then.
 */
export const trailOn = (log: AuditLog): Trail => {
  /** Accepted records on their way to the disk: no end record may overtake its own. False: it never gets there, and the end is due. */
  const accepting = new Map<string, Promise<boolean>>()
  return {
    reserve: (request) => log.reserve(request),
    release: (request) => log.release(request),
    async record(type, request, correlationId, data) {
      const entry: AuditEntry = { type, requestId: request, correlationId, data }
      if (type === 'request.accepted') {
        const appended = log.append(entry)
        const settled = appended.then(
          () => true,
          () => false,
        )
        accepting.set(request, settled)
        void settled.then((isThere) => isThere && accepting.delete(request))
        await appended
      } else if (type.startsWith('response.')) {
        // A request whose acceptance never got on disk is not in the chain: it has no end either.
        if ((await accepting.get(request)) === false) accepting.delete(request)
        else await appendUntilTaken(log, entry)
      } else {
        await log.append(entry)
      }
    },
  }
}

const appendUntilTaken = async (log: AuditLog, entry: AuditEntry): Promise<void> => {
  for (;;) {
    try {
      await log.append(entry)
      return
    } catch (error) {
      if (!(error instanceof AuditUnavailable) || error.reason === 'closed') throw error
      await delay(retryMs, undefined, { ref: false })
    }
  }
}
