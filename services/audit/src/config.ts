import { integerVariable, readEnvironment, serviceEnvironment } from '@penstock/runtime'
import type { Environment } from '@penstock/runtime'
import { z } from 'zod'

const variables = z.object({
  ...serviceEnvironment,
  /** Folder of the archive. Must outlive the process. */
  PENSTOCK_ARCHIVE_DIR: z.string({ error: 'must name the folder of the audit archive' }),
  /** Size at which a segment becomes immutable, bytes. */
  PENSTOCK_ARCHIVE_SEGMENT_BYTES: integerVariable(64 * 1024, 1024 ** 3, 64 * 1024 ** 2),
})

export type AuditConfig = z.infer<typeof variables>

export const loadConfig = (environment: Environment): AuditConfig =>
  Object.freeze(readEnvironment(variables, environment))
