import { openArchive } from '@penstock/audit-chain'
import { connectBus } from '@penstock/bus'
import { reportStatus, shipAuditRecords } from '@penstock/contracts'
import type { RunningService, Shell } from '@penstock/runtime'
import type { AuditConfig } from './config.ts'

/** One archive answers each batch; a second audit service stands by on its own folder. */
const queueGroup = 'audit'

/** Archives what the writers ship. No request waits for this service. */
export const startAudit = async (config: AuditConfig, { log, instance }: Shell): Promise<RunningService> => {
  await using held = new AsyncDisposableStack()
  const archive = held.use(
    await openArchive({
      dir: config.PENSTOCK_ARCHIVE_DIR,
      segmentBytes: config.PENSTOCK_ARCHIVE_SEGMENT_BYTES,
      clock: Date.now,
      onCheckpointFailure: (error) => log.error({ err: error }, 'checkpoint not stored'),
    }),
  )
  for (const [writer, damage] of archive.damaged)
    log.error({ writer_id: writer, err: damage }, 'archived records do not verify: batches of this writer are refused')
  const bus = held.use(await connectBus(config, { instance, log }))
  bus.serve(
    shipAuditRecords,
    [],
    async ({ message, bytes }) => {
      const answer = await archive.append(message.writerId, Buffer.from(bytes).toString('utf8').split('\n'))
      if (answer.kind === 'refused')
        log.error(
          { writer_id: message.writerId, reason: answer.reason, expected_seq: answer.expectedSeq },
          answer.message,
        )
      return { reply: answer }
    },
    { queue: queueGroup },
  )
  bus.serve(reportStatus, [], () => ({ reply: { service: 'audit', instance, configVersion: 0 } }))
  const kept = held.move()
  return { readyInfo: { archive: config.PENSTOCK_ARCHIVE_DIR }, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
