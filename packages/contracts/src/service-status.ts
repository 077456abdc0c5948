import { z } from 'zod'
import { defineRequest } from './message.ts'

export const ServiceStatus = z.object({
  service: z.enum(['ingress', 'router', 'worker', 'audit']),
  instance: z.string(),
  /** Version of the configuration the service acts on; 0: none yet. */
  configVersion: z.int(),
})
export type ServiceStatus = z.infer<typeof ServiceStatus>

/** Asks every service who it is and which configuration it acts on. All answer. */
export const reportStatus = defineRequest('service.report-status', 1, z.object({}), ServiceStatus)
