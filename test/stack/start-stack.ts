import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ConfigDocumentInput } from '@penstock/config'
import { startDevIssuer, startLocalStack } from '@penstock/local-stack'
import type { LocalStack, ReadyInfo, ServiceSpec } from '@penstock/local-stack'
import { seedDocument, writeSeedConfig } from './seed-config.ts'

export interface TestStackOptions {
  /** Simulated nodes. */
  readonly nodes: number
  readonly workers: number
  readonly routers: number
  /** Default 1. */
  readonly ingresses?: number
  /** NATS in a cluster of three, Redis with replicas and Sentinels. */
  readonly highlyAvailable?: boolean
  /** Where a process finds another instead of its own address: for proxies between them. `to`: `nats`, `redis` or a node's name. */
  readonly route?: (from: string, to: string, url: string) => Promise<string>
  /** `VLLM_SIM_*` of every node. */
  readonly nodeEnv?: Readonly<Record<string, string>>
  /** Ceiling of requests in flight per node. Default 64. */
  readonly nodeInFlightMax?: number
  /** Changes the configuration before it is stored; is told the secret of the OpenAI key. */
  readonly configure?: (
    document: ConfigDocumentInput,
    openAiKey: string,
  ) => ConfigDocumentInput | Promise<ConfigDocumentInput>
  /** Further variables of Penstock's services; nodes do not get them. Told where the stack keeps its files. */
  readonly env?: Readonly<Record<string, string>> | ((dataDir: string) => Readonly<Record<string, string>>)
  /** Stops everything when aborted, also in the middle of the start. */
  readonly signal?: AbortSignal
  readonly onNotice?: (sentence: string) => void
}

export interface TestNode {
  readonly name: string
  /** Base URL with `/v1`. */
  readonly url: string
  readonly adminUrl: string
}

/** A whole Penstock on this machine: real NATS, Redis and services, simulated nodes, an issuer of its own. */
export interface TestStack extends AsyncDisposable {
  readonly apiUrl: string
  /** Of every ingress, the first included. */
  readonly apiUrls: readonly string[]
  readonly metricsUrl: string
  readonly issuerUrl: string
  readonly openAiKey: string
  readonly nodes: readonly TestNode[]
  /** Names of the processes of a kind. */
  readonly workers: readonly string[]
  readonly routers: readonly string[]
  readonly ingresses: readonly string[]
  readonly stack: LocalStack
  readonly archiveDir: string
  readonly auditDir: string
  /** Holds `logs/<process>.log`. */
  readonly dataDir: string
  /** A token as a self-managed GitLab signs it, and the instance it belongs to. */
  token(scopes: readonly string[]): Promise<string>
  readonly instanceId: string
  /** Running processes between client and nodes, by name: nats, redis, audit, router-1, worker-1, ingress. */
  pathPids(): Map<string, number>
  /** Ends every process and waits for it, but leaves the files. Disposing afterwards removes them. */
  stop(): Promise<void>
  /** Leaves the files in place at the end, for someone to read. */
  keepFiles(): void
}

const projectRoot = resolve(import.meta.dirname, '../..')
const entryOf = (workspace: string): string => join(projectRoot, workspace, 'src/main.ts')
const readyWithinMs = 20_000

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${name}-${index + 1}`)

/** Starts it in a folder of its own, on free ports, and waits until it is ready. Throws when a part does not become ready; nothing runs then. */
export const startTestStack = async (options: TestStackOptions): Promise<TestStack> => {
  await using held = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'penstock-test-'))
  let keep = false
  held.defer(() => (keep ? undefined : rm(dataDir, { recursive: true, force: true })))
  const issuer = held.use(await startDevIssuer())
  const openAiKey = `sk-test-${randomBytes(12).toString('hex')}`
  const archiveDir = join(dataDir, 'archive')
  const auditDir = join(dataDir, 'audit')
  const seedFile = join(dataDir, 'penstock.yaml')
  const { PATH, HOME } = process.env

  const stack = held.use(
    await startLocalStack({
      projectRoot,
      dataDir,
      services: numbered('node', options.nodes).map((name) => nodeService(name, options.nodeEnv)),
      env: { PATH, HOME },
      restart: { initialMs: 100, maxMs: 1000 },
      ...(options.highlyAvailable === undefined ? {} : { highlyAvailable: options.highlyAvailable }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.onNotice === undefined ? {} : { onNotice: options.onNotice }),
    }),
  )
  const nodes = numbered('node', options.nodes).map((name): TestNode => {
    const { url, adminUrl } = stack.process(name).readyInfo ?? {}
    return { name, url: String(url), adminUrl: String(adminUrl) }
  })
  const { route = (_from: string, _to: string, url: string) => Promise.resolve(url) } = options
  const seed = seedDocument({
    nodeUrls: await Promise.all(nodes.map(({ name, url }) => route('workers', name, url))),
    nodeInFlightMax: options.nodeInFlightMax ?? 64,
    openAiKey,
  })
  await writeSeedConfig(seedFile, (await options.configure?.(seed, openAiKey)) ?? seed)

  const secrets = { PENSTOCK_PRINCIPAL_SECRET: openAiKey, PENSTOCK_CACHE_SALT_SECRET: openAiKey }
  const service = async (name: string, workspace: string, env: Record<string, string> = {}): Promise<ServiceSpec> => ({
    name,
    entry: entryOf(workspace),
    env: {
      ...secrets,
      NATS_URL: await route(name, 'nats', stack.natsUrl),
      REDIS_URL: await route(name, 'redis', stack.redisUrl),
      ...(typeof options.env === 'function' ? options.env(dataDir) : options.env),
      ...env,
    },
    readyWithinMs,
  })
  const workers = numbered('worker', options.workers)
  const routers = numbered('router', options.routers)
  const { ingresses: ingressCount = 1 } = options
  const ingresses = ingressCount === 1 ? ['ingress'] : numbered('ingress', ingressCount)
  await stack.startServices(
    await Promise.all([
      service('audit', 'services/audit', { PENSTOCK_ARCHIVE_DIR: archiveDir }),
      ...routers.map((name) => service(name, 'services/router', { PENSTOCK_SEED_CONFIG: seedFile })),
      ...workers.map((name) => service(name, 'services/worker')),
      ...ingresses.map(async (name) => ({
        ...(await service(name, 'services/ingress', {
          PENSTOCK_API_HOST: '127.0.0.1',
          PENSTOCK_API_PORT: '0',
          PENSTOCK_METRICS_HOST: '127.0.0.1',
          PENSTOCK_METRICS_PORT: '0',
          PENSTOCK_AUDIT_DIR: ingresses.length === 1 ? auditDir : join(auditDir, name),
          // Alone it has nobody to leave its clients to.
          ...(ingresses.length === 1 ? { PENSTOCK_DRAIN_NOTICE_MS: '0' } : {}),
          AIGW_GITLAB_URL: issuer.url,
          AIGW_CUSTOMER_PORTAL_URL: '',
        })),
        restartEnv: ingressPorts,
      })),
    ]),
  )
  const apiUrls = ingresses.map((name) => String(stack.process(name).readyInfo?.['address']))
  const apiUrl = String(apiUrls[0])
  for (const url of apiUrls) await untilReady(`${url}/monitoring/ready`)

  const servers = options.highlyAvailable === true ? [] : ['nats', 'redis']
  const names = [...servers, 'audit', ...routers, ...workers, ...ingresses]
  const kept = held.move()
  return {
    apiUrl,
    apiUrls,
    metricsUrl: `http://127.0.0.1:${String(stack.process(ingresses[0] ?? '').readyInfo?.['metrics_port'])}`,
    issuerUrl: issuer.url,
    instanceId: issuer.instanceId,
    openAiKey,
    nodes,
    workers,
    routers,
    ingresses,
    stack,
    archiveDir,
    auditDir,
    dataDir,
    token: (scopes) => issuer.sign({ scopes }),
    pathPids: () =>
      new Map(
        names.flatMap((name): [string, number][] => {
          const { pid } = stack.process(name)
          return pid === null ? [] : [[name, pid]]
        }),
      ),
    stop: () => stack.stop(),
    keepFiles: () => {
      keep = true
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** A node that is started anew keeps its ports: the configuration knows it by them. */
const nodeService = (name: string, env: Readonly<Record<string, string>> = {}): ServiceSpec => ({
  name,
  entry: entryOf('packages/vllm-sim'),
  env,
  readyWithinMs,
  restartEnv: ({ url, adminUrl }) => ({
    VLLM_SIM_PORT: new URL(String(url)).port,
    VLLM_SIM_ADMIN_PORT: new URL(String(adminUrl)).port,
  }),
})

/** Clients know an ingress by its port too. */
const ingressPorts = ({ address, metrics_port: metricsPort }: ReadyInfo): Record<string, string> => ({
  PENSTOCK_API_PORT: new URL(String(address)).port,
  PENSTOCK_METRICS_PORT: String(metricsPort),
})

const untilReady = async (url: string): Promise<void> => {
  const mustBeAt = performance.now() + readyWithinMs
  for (;;) {
    const said = await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
      async (response) => (response.ok ? null : `${response.status} ${await response.text()}`),
      (error: unknown) => String(error),
    )
    if (said === null) return
    if (performance.now() > mustBeAt) throw new Error(`the stack is not ready after ${readyWithinMs} ms: ${said}`)
    await delay(50)
  }
}
