import { z } from 'zod'

export type Environment = Record<string, string | undefined>

/** One or more environment variables are wrong; the message names each with the reason. */
export class EnvironmentError extends Error {
  constructor(problems: string[]) {
    super(
      problems.length === 1
        ? (problems[0] ?? '')
        : `${problems.length} environment variables are wrong:\n  ${problems.join('\n  ')}`,
    )
    this.name = 'EnvironmentError'
  }
}

/** Reads variables by a schema whose keys are their names. Empty strings count as unset. Throws EnvironmentError. */
export const readEnvironment = <T extends z.ZodObject>(schema: T, environment: Environment): z.infer<T> => {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = schema.safeParse(set)
  if (parsed.success) return parsed.data
  throw new EnvironmentError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`))
}

/** A variable that holds an integer within a range. */
export const integerVariable = (min: number, max: number, byDefault: number) =>
  z.coerce
    .number({ error: 'must be a number' })
    .int(`must be a whole number`)
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`)
    .default(byDefault)

/** What every service is told: where the bus is and under which name it runs. */
export const serviceEnvironment = {
  /** Comma-separated NATS URLs. */
  NATS_URL: z.string().default('nats://127.0.0.1:4222'),
  /** First token of every subject and Redis key: keeps deployments on shared servers apart. */
  PENSTOCK_PREFIX: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z 0-9 -')
    .default('penstock'),
  /** Name of this replica: unique among the live replicas of a service, kept over restarts. Default: the host's name. */
  PENSTOCK_INSTANCE: z.string().min(1).max(128).optional(),
  /** Least severe level that is logged. */
  PENSTOCK_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
}
