import { integerVariable, readEnvironment, serviceEnvironment } from '@penstock/runtime'
import type { Environment } from '@penstock/runtime'
import { z } from 'zod'

const variables = z.object({
  ...serviceEnvironment,
  /** Redis with the queues and the configuration. */
  REDIS_URL: z.string().default('redis://127.0.0.1:6379'),
  /** Configuration that is stored when the store is empty; without it the router waits for one. */
  PENSTOCK_SEED_CONFIG: z.string().optional(),
  /** Prometheus listener with the scaling signals. Port 0: any free one, named in the ready line. */
  PENSTOCK_ROUTER_METRICS_HOST: z.string().default('127.0.0.1'),
  PENSTOCK_ROUTER_METRICS_PORT: integerVariable(0, 65_535, 0),
})

export type RouterConfig = z.infer<typeof variables>

export const loadConfig = (environment: Environment): RouterConfig =>
  Object.freeze(readEnvironment(variables, environment))
