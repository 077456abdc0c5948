import { randomBytes } from 'node:crypto'
import { Resolver } from 'node:dns'
import { integerVariable, outgoingEnvironment, readEnvironment, serviceEnvironment } from '@penstock/runtime'
import type { Environment } from '@penstock/runtime'
import { z } from 'zod'

const listOfServers = (text: string, context: z.RefinementCtx): string[] => {
  const servers = text.split(',').flatMap((server) => server.trim() || [])
  try {
    new Resolver().setServers(servers)
    return servers
  } catch {
    context.addIssue('must be addresses of name servers, 10.96.0.10 or 10.96.0.10:53 for instance')
    return z.NEVER
  }
}

const variables = z.object({
  ...serviceEnvironment,
  ...outgoingEnvironment,
  /** Redis with the queues and the configuration. */
  REDIS_URL: z.string().default('redis://127.0.0.1:6379'),
  /** Pools this worker serves, comma-separated; `*`: all of the configuration. */
  PENSTOCK_WORKER_POOLS: z.string().default('*'),
  /** On a stop signal runs may end by themselves for this long; the rest is handed over. Longer: fewer repeated prefills. */
  PENSTOCK_WORKER_DRAIN_MS: integerVariable(0, 600_000, 3000),
  /** Name servers that find nodes, comma-separated, each with a port or without; empty: the machine's. */
  PENSTOCK_DNS_SERVERS: z.string().default('').transform(listOfServers),
  /** Secret that separates prefix caches of trust domains. Must be equal on all workers; unset: random per process. */
  PENSTOCK_CACHE_SALT_SECRET: z
    .string()
    .min(8, 'must be at least 8 characters')
    .default(() => randomBytes(16).toString('hex')),
})

/** `environment` is kept whole for credential references such as `env:NAME`. */
export type WorkerConfig = z.infer<typeof variables> & { environment: Environment }

export const loadConfig = (environment: Environment): WorkerConfig =>
  Object.freeze({ ...readEnvironment(variables, environment), environment })
