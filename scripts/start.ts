/** The whole system on one machine: NATS, Redis, every service and, unless configured otherwise, simulated nodes and a token issuer. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { LaunchError, startDevIssuer, startLocalStack } from '@penstock/local-stack'
import type { LocalStack, ServiceSpec } from '@penstock/local-stack'
import { developmentConfig, SIMULATED_MODEL } from './development-config.ts'
import { greeting } from './greeting.ts'
import { readStartSettings } from './start-settings.ts'
import type { Listener, StartSettings } from './start-settings.ts'

const ROOT = dirname(import.meta.dirname)
const READY_WITHIN_MS = 30_000
/** Longest time from a stop signal to the end: the stack's own grace and a little. */
const STOP_WITHIN_MS = 7000
const LAST_LINES_SHOWN = 10

const say = (line: string): void => console.log(`penstock: ${line}`)

const urlOf = ({ host, port }: Listener): string => {
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}

const simulatedNode = (index: number): ServiceSpec => ({
  name: `vllm-sim-${index}`,
  entry: join(ROOT, 'packages/vllm-sim/src/main.ts'),
  env: { VLLM_SIM_PORT: '0', VLLM_SIM_MODEL: SIMULATED_MODEL },
  // The configuration knows a node by its URL, so a restarted one keeps its port.
  restartEnv: ({ url }) => ({ VLLM_SIM_PORT: new URL(String(url)).port }),
  readyWithinMs: READY_WITHIN_MS,
})

/** Starts simulated nodes and writes the configuration that names them. */
const startSimulatedPool = async (
  stack: LocalStack,
  dataDir: string,
): Promise<{ seedConfig: string; openaiKey: string }> => {
  const nodes = [1, 2].map(simulatedNode)
  await stack.startServices(nodes)
  const openaiKey = `sk-dev-${randomBytes(16).toString('hex')}`
  const config = developmentConfig({
    nodeUrls: nodes.map(({ name }) => String(stack.process(name).readyInfo?.['url'])),
    openaiKeySha256: createHash('sha256').update(openaiKey).digest('hex'),
  })
  const seedConfig = join(dataDir, 'config.yaml')
  // Every JSON document is YAML.
  await writeFile(seedConfig, `${JSON.stringify(config, null, 2)}\n`)
  return { seedConfig, openaiKey }
}

/** In the order of their start; they stop in the reverse one, so that requests under way can still be answered. */
const services = ({ api, metrics, auditDir, archiveDir }: StartSettings, seedConfig: string): ServiceSpec[] => {
  const service = (name: string, folder: string, env: Record<string, string> = {}): ServiceSpec => ({
    name,
    entry: join(ROOT, 'services', folder, 'src/main.ts'),
    env,
    readyWithinMs: READY_WITHIN_MS,
  })
  return [
    service('audit', 'audit', { PENSTOCK_ARCHIVE_DIR: archiveDir }),
    service('router', 'router', { PENSTOCK_SEED_CONFIG: seedConfig }),
    service('worker-1', 'worker'),
    service('worker-2', 'worker'),
    service('ingress', 'ingress', {
      PENSTOCK_API_HOST: api.host,
      PENSTOCK_API_PORT: String(api.port),
      PENSTOCK_METRICS_HOST: metrics.host,
      PENSTOCK_METRICS_PORT: String(metrics.port),
      PENSTOCK_AUDIT_DIR: auditDir,
      PENSTOCK_DRAIN_NOTICE_MS: '0',
    }),
  ]
}

/** What all services are told. Workers, and a restarted ingress, must agree on the secrets, which last as long as this stack. */
const sharedEnvironment = (
  settings: StartSettings,
  issuerUrl: string | undefined,
): Record<string, string | undefined> => ({
  PENSTOCK_CACHE_SALT_SECRET: randomBytes(16).toString('hex'),
  PENSTOCK_PRINCIPAL_SECRET: randomBytes(16).toString('hex'),
  // A Redis of the user's may hold another configuration; that of simulated nodes is good for one start only.
  ...(settings.redisUrl !== undefined && settings.seedConfig === undefined
    ? { PENSTOCK_PREFIX: `penstock-dev-${randomBytes(4).toString('hex')}` }
    : {}),
  ...process.env,
  ...(issuerUrl === undefined ? {} : { AIGW_GITLAB_URL: issuerUrl, AIGW_CUSTOMER_PORTAL_URL: 'none' }),
})

const waitUntilServing = async (apiUrl: string, signal: AbortSignal): Promise<void> => {
  const lastAt = performance.now() + READY_WITHIN_MS
  let seen = 'no answer'
  while (performance.now() < lastAt) {
    signal.throwIfAborted()
    try {
      const response = await fetch(`${apiUrl}/monitoring/ready`, { signal: AbortSignal.timeout(2000) })
      await response.body?.cancel()
      if (response.status === 200) return
      seen = `status ${response.status}`
    } catch (error) {
      seen = error instanceof Error ? error.message : String(error)
    }
    await delay(50)
  }
  throw new Error(`${apiUrl}/monitoring/ready did not become 200 within ${READY_WITHIN_MS} ms (${seen})`)
}

const run = async (signal: AbortSignal): Promise<void> => {
  const settings = await readStartSettings(process.env, ROOT)
  const { api, metrics, dataDir, gitlabUrl, natsUrl, redisUrl } = settings
  await mkdir(dataDir, { recursive: true })
  await using held = new AsyncDisposableStack()
  const issuer = gitlabUrl === undefined ? held.use(await startDevIssuer()) : null
  const environment = sharedEnvironment(settings, issuer?.url)
  const stack = held.use(
    await startLocalStack({
      projectRoot: ROOT,
      dataDir,
      services: [],
      env: environment,
      ...(natsUrl === undefined ? {} : { natsUrl }),
      ...(redisUrl === undefined ? {} : { redisUrl }),
      onNotice: say,
      signal,
    }),
  )
  try {
    const simulated = settings.seedConfig === undefined ? await startSimulatedPool(stack, dataDir) : null
    await stack.startServices(services(settings, simulated?.seedConfig ?? settings.seedConfig ?? ''))
    await waitUntilServing(urlOf(api), signal)
    console.log(
      await greeting({
        apiUrl: urlOf(api),
        metricsUrl: urlOf(metrics),
        logsFolder: join(dataDir, 'logs'),
        gitlabUrl: gitlabUrl ?? '',
        issuer,
        openaiKey: simulated?.openaiKey ?? null,
        operatorEnvironment: {
          // A server of the user's is in the environment already, perhaps with its password.
          ...(natsUrl === undefined ? { NATS_URL: stack.natsUrl } : {}),
          ...(redisUrl === undefined ? { REDIS_URL: stack.redisUrl } : {}),
          ...(environment['PENSTOCK_PREFIX'] === undefined ? {} : { PENSTOCK_PREFIX: environment['PENSTOCK_PREFIX'] }),
          PENSTOCK_ARCHIVE_DIR: settings.archiveDir,
        },
      }),
    )
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  } catch (error) {
    if (!signal.aborted && error instanceof LaunchError) explain(error, stack.process(error.processName).logFile)
    throw error
  }
}

const explain = ({ lastLines, processName }: LaunchError, logFile: string): void => {
  if (lastLines.length > 0)
    console.error(`Last lines of ${processName}:\n${lastLines.slice(-LAST_LINES_SHOWN).join('\n')}`)
  console.error(`Its log: ${logFile}`)
}

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) return
    say('stopping')
    stop.abort()
    // What still runs then ends with this process.
    setTimeout(() => process.exit(), STOP_WITHIN_MS).unref()
  })
}
try {
  await run(stop.signal)
  say('stopped')
} catch (error) {
  if (stop.signal.aborted) say('stopped')
  else {
    console.error(`penstock: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
