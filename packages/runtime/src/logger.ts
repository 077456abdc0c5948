import { pino, stdTimeFunctions } from 'pino'
import type { DestinationStream, Logger } from 'pino'

export type { Logger }

/**
 * JSON lines on standard output, with GitLab's field names (labkit): `severity`, `message`, `correlation_id`. Prompts,
 * completions and credentials are never passed to it.
 */
export const createLogger = (
  options: { service: string; instance: string; level: string },
  destination?: DestinationStream,
): Logger =>
  pino(
    {
      level: options.level,
      base: { service_name: `penstock-${options.service}`, instance: options.instance },
      messageKey: 'message',
      timestamp: () => stdTimeFunctions.isoTime().replace('"time"', '"timestamp"'),
      formatters: { level: (label) => ({ severity: label }) },
      redact: { paths: ['authorization', '*.authorization', 'api_key', '*.api_key'], censor: '[redacted]' },
    },
    destination ?? pino.destination({ fd: 1, sync: false, minLength: 0 }),
  )
