import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openAuditLog } from '@penstock/audit-chain'
import { Bus } from '@penstock/bus'
import type { ConfigDocumentInput } from '@penstock/config'
import { IngressId } from '@penstock/contracts'
import { spawnGuarded } from '@penstock/local-stack'
import type { GuardedProcess } from '@penstock/local-stack'
import { createLogger, startTracing } from '@penstock/runtime'
import { startTestNats, startTestRedis, waitFor } from '@penstock/testkit'
import { expectedText, startSimulatedNode } from '@penstock/vllm-sim'
import type { SimulatedNode } from '@penstock/vllm-sim'
import { trailOn } from './adapters/audit-trail.ts'
import { serveDesk } from './adapters/bus-inbound.ts'
import { outsideOverBus } from './adapters/bus-outside.ts'
import type { Answer, Intake } from './core/intake.ts'
import { defaultLifeLimits } from './core/limits.ts'
import { Desk } from './desk.ts'

/** One word of every prompt that `chat` asks: it must show up nowhere but on the way to a node. */
export const canary = `canary${randomBytes(8).toString('hex')}`

const mebibyte = 1024 ** 2
const entryOf = (service: string): string => fileURLToPath(new URL(`../../${service}/src/main.ts`, import.meta.url))

type Server = Awaited<ReturnType<typeof startTestNats>>
type NodeName = 'node-a' | 'node-b' | 'node-narrow'

export interface DeskStack extends AsyncDisposable {
  readonly desk: Desk
  /** A second participant of the deployment, to ask and to interfere with. */
  readonly outsider: Bus
  readonly ingress: IngressId
  readonly nats: Server
  readonly redis: Server
  readonly nodes: Readonly<Record<NodeName, SimulatedNode>>
  readonly auditDir: string
  /** Everything that any process logged, as it was written. */
  readonly logLines: string[]
  /** Starts a server anew on its port. */
  restart(server: 'nats' | 'redis'): Promise<void>
  startRouter(): Promise<GuardedProcess>
  /** `drainMs`: how long its runs may go on when it is asked to stop. */
  startWorker(name: string, drainMs?: number): Promise<GuardedProcess>
}

/** Pool `main` on two nodes, pool `narrow` on one that takes one call at a time, pool `idle` that no worker serves. */
const documentFor = (nodes: Record<NodeName, SimulatedNode>): ConfigDocumentInput => {
  const model = (name: string) => ({
    name,
    family: 'general' as const,
    servedName: 'penstock-sim',
    pool: name,
    contextTokens: 8_000_000,
  })
  return {
    nodes: Object.entries(nodes).map(([name, { url }]) => ({
      name,
      url,
      inFlightMax: name === 'node-narrow' ? 1 : 64,
    })),
    pools: [
      { name: 'main', nodes: ['node-a', 'node-b'] },
      { name: 'narrow', nodes: ['node-narrow'] },
      { name: 'idle', nodes: ['node-a'] },
    ],
    models: [model('main'), model('narrow'), model('idle')],
  }
}

/**
 * A desk in this process, as the ingress builds it, behind it a router and workers as processes of their own, on real NATS and
 * Redis, and simulated nodes.
 */
export const startDeskStack = async (): Promise<DeskStack> => {
  await using held = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'penstock-desk-'))
  held.defer(() => rm(dir, { recursive: true, force: true }))
  const servers = { nats: await startTestNats(), redis: await startTestRedis() }
  held.defer(async () => void (await Promise.all([servers.nats.stop(), servers.redis.stop()])))
  const node = async () => held.use(await startSimulatedNode({ modelLengthMax: 8_000_000 }))
  const nodes = { 'node-a': await node(), 'node-b': await node(), 'node-narrow': await node() }
  const seedFile = join(dir, 'penstock.yaml')
  await writeFile(seedFile, JSON.stringify(documentFor(nodes)))

  const logLines: string[] = []
  const processes = held.use(new AsyncDisposableStack())
  const startProcess = async (service: string, env: Record<string, string>): Promise<GuardedProcess> => {
    const ready = Promise.withResolvers<void>()
    const child = await spawnGuarded({
      command: process.execPath,
      args: [entryOf(service)],
      env: {
        PATH: '/usr/bin:/bin',
        NATS_URL: servers.nats.url,
        REDIS_URL: servers.redis.url,
        PENSTOCK_LOG_LEVEL: 'debug',
        ...env,
      },
      lifeline: false,
      output: (line) => {
        logLines.push(line)
        if (line.includes('"ready":true')) ready.resolve()
      },
    })
    processes.defer(async () => void (await child.end(2000)))
    await Promise.race([
      ready.promise,
      child.exited.then(() => Promise.reject(new Error(`${service} ended: ${logLines.at(-1)}`))),
    ])
    return child
  }

  const log = createLogger(
    { service: 'ingress', instance: 'desk', level: 'debug' },
    { write: (line) => void logLines.push(line) },
  )
  const openBus = async (name: string): Promise<Bus> =>
    held.use(
      await Bus.connect({
        servers: servers.nats.url,
        name,
        subjectPrefix: 'penstock',
        onInvalid: (problem) => log.warn(problem, 'message breaks its schema: dropped'),
        onHandlerError: ({ error }) => log.error({ err: error }, 'message handler failed'),
      }),
    )
  const [bus, outsider] = [await openBus('desk'), await openBus('outsider')]
  const ingress = IngressId.parse(`i-${randomBytes(6).toString('hex')}`)
  const auditDir = join(dir, 'audit')
  const audit = held.use(
    await openAuditLog({
      dir: auditDir,
      capacityBytes: 64 * mebibyte,
      segmentBytes: mebibyte,
      endRecordBytesMax: 2048,
      clock: Date.now,
    }),
  )
  const tracing = held.use(await startTracing({ service: 'ingress', instance: 'desk', otlpEndpoint: undefined }))
  const desk = held.use(
    new Desk(
      { ingress, limits: defaultLifeLimits, requestsMax: 1000, recordWithinMs: 2000 },
      {
        outside: outsideOverBus(bus, ingress),
        trail: trailOn(audit),
        log,
        tracing,
        timeLimits: () => ({ firstByteMs: 10_000, totalMs: 30_000, queueMs: 10_000 }),
        now: () => performance.now(),
        wallClock: Date.now,
      },
    ),
  )
  held.use(serveDesk(bus, desk, { ingress, instance: 'desk', log, configVersion: () => 1 }))

  const kept = held.move()
  return {
    desk,
    outsider,
    ingress,
    get nats() {
      return servers.nats
    },
    get redis() {
      return servers.redis
    },
    nodes,
    auditDir,
    logLines,
    async restart(name) {
      const { port } = servers[name]
      await servers[name].exited
      servers[name] = await (name === 'nats' ? startTestNats({ port }) : startTestRedis({ port }))
    },
    startRouter: () => startProcess('router', { PENSTOCK_SEED_CONFIG: seedFile, PENSTOCK_INSTANCE: 'router' }),
    startWorker: (name, drainMs = 0) =>
      startProcess('worker', {
        PENSTOCK_INSTANCE: name,
        PENSTOCK_WORKER_POOLS: 'main,narrow',
        PENSTOCK_WORKER_DRAIN_MS: String(drainMs),
      }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

export interface Question {
  intake: Intake
  /** The only right answer. */
  expected: string
}

let asked = 0

/** A chat of its own; `promptBytes` of filler make its body large. */
export const chat = ({ model = 'main', tokens = 60, promptBytes = 0, reasoningTokens = 0 } = {}): Question => {
  const content = `${canary} question ${asked++} ${'water level '.repeat(promptBytes / 12)}`
  const messages = [{ role: 'user', content }]
  return {
    intake: {
      feature: 'openai-chat',
      model: { kind: 'name', name: model },
      // Everybody is somebody else: nobody meets the limit per user.
      principal: `user-${asked}`,
      tenant: 'tenant',
      domain: 'domain',
      correlationId: 'correlation',
      body: Buffer.from(JSON.stringify({ messages, maxTokens: tokens })),
      promptTokensEstimate: 10,
      outputTokensMax: tokens,
      affinity: [],
      replaceKey: null,
      flightKey: null,
      reasoning: 'hidden',
      whole: false,
      trace: {},
    },
    expected: expectedText({
      model: 'penstock-sim',
      request: { model: 'penstock-sim', messages, max_tokens: tokens, stream: true },
      rules: { modelLengthMax: 8_000_000, reasoningTokens },
    }),
  }
}

/** An answer while it is read. */
export class Reading {
  text = ''
  /** Pieces of reasoning that came. */
  thoughts = 0
  ended = false
  /** Longest pause between two parts, ms. */
  pauseMs = 0
  readonly done: Promise<void>

  constructor(answer: Answer) {
    this.done = this.#read(answer)
    this.done.catch(() => undefined)
  }

  /** Waits until so many characters have come. */
  async untilChars(count: number): Promise<void> {
    await waitFor(() => this.text.length >= count, { what: `${count} characters`, everyMs: 5 })
  }

  async #read({ parts }: Answer): Promise<void> {
    let lastAt = performance.now()
    for await (const part of parts) {
      const now = performance.now()
      this.pauseMs = Math.max(this.pauseMs, now - lastAt)
      lastAt = now
      if (part.kind === 'text') this.text += part.text
      if (part.kind === 'reasoning') this.thoughts += 1
      if (part.kind === 'end') this.ended = true
    }
  }
}
