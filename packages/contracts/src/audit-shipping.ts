import { z } from 'zod'
import { defineRequest } from './message.ts'

/**
 * Hands a batch of consecutive audit records to the archive. Attached bytes: the records, one JSON line each. The answer
 * comes after the archive is on disk; only then may the writer free its own copy. Any audit service.
 */
export const shipAuditRecords = defineRequest(
  'audit.ship',
  1,
  z.object({ writerId: z.string().max(64), fromSeq: z.int().min(0), count: z.int().min(1) }),
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('archived'), durableSeq: z.int() }),
    z.object({ kind: z.literal('refused'), reason: z.string(), expectedSeq: z.int() }),
  ]),
)
