import { join, resolve } from 'node:path'
import { freePort, requireFreePort } from '@penstock/local-stack'

export interface Listener {
  readonly host: string
  readonly port: number
}

export interface StartSettings {
  readonly api: Listener
  readonly metrics: Listener
  /** Logs and, unless named, audit log and archive of this stack. */
  readonly dataDir: string
  readonly auditDir: string
  readonly archiveDir: string
  /** GitLab whose tokens are accepted; absent: an issuer of our own. */
  readonly gitlabUrl?: string
  /** Configuration for an empty store; absent: one with simulated nodes. */
  readonly seedConfig?: string
  readonly natsUrl?: string
  readonly redisUrl?: string
}

/** The first of these variables that is set and not empty. */
const firstSet = (env: NodeJS.ProcessEnv, names: readonly string[]): { name: string; value: string } | null => {
  for (const name of names) {
    const value = env[name]
    if (value !== undefined && value !== '') return { name, value }
  }
  return null
}

const readListener = async (
  env: NodeJS.ProcessEnv,
  what: 'API' | 'METRICS',
  defaultPort: number,
): Promise<Listener> => {
  const host = firstSet(env, [`PENSTOCK_${what}_HOST`, `AIGW_FASTAPI__${what}_HOST`])?.value ?? '0.0.0.0'
  const set = firstSet(env, [`PENSTOCK_${what}_PORT`, `AIGW_FASTAPI__${what}_PORT`])
  const port = Number(set?.value ?? defaultPort)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`${set?.name} must be a port, 0 to 65535 (0: any free one)`)
  if (port === 0) return { host, port: await freePort() }
  await requireFreePort(port, host, set?.name ?? `PENSTOCK_${what}_PORT`)
  return { host, port }
}

const defaultApiPort = 5052

/** What the environment asks of `npm start`. Throws one line that names the variable when a port is wrong or in use. */
export const readStartSettings = async (env: NodeJS.ProcessEnv, projectRoot: string): Promise<StartSettings> => {
  const optional = (key: string, name: string): Record<string, string> => {
    const set = firstSet(env, [name])
    return set === null ? {} : { [key]: set.value }
  }
  const folder = (name: string, byDefault: string): string =>
    resolve(projectRoot, firstSet(env, [name])?.value ?? byDefault)
  const api = await readListener(env, 'API', defaultApiPort)
  // Stacks beside each other differ in their API port: each keeps its own logs and audit trail.
  const dataDir = folder(
    'PENSTOCK_DATA_DIR',
    api.port === defaultApiPort ? '.penstock/dev' : `.penstock/dev-${api.port}`,
  )
  return {
    api,
    metrics: await readListener(env, 'METRICS', 8082),
    dataDir,
    auditDir: folder('PENSTOCK_AUDIT_DIR', join(dataDir, 'audit')),
    archiveDir: folder('PENSTOCK_ARCHIVE_DIR', join(dataDir, 'archive')),
    ...optional('gitlabUrl', 'AIGW_GITLAB_URL'),
    ...optional('seedConfig', 'PENSTOCK_SEED_CONFIG'),
    ...optional('natsUrl', 'NATS_URL'),
    ...optional('redisUrl', 'REDIS_URL'),
  }
}
