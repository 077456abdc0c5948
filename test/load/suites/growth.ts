import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { ConfigDocumentInput } from '@penstock/config'
import { RequestFailure } from '@penstock/contracts'
import { ensureServers, startRedis } from '@penstock/local-stack'
import { BullMqPoolQueue } from '@penstock/queue'
import type { NewJob } from '@penstock/queue'
import { resolve } from 'node:path'
import { seededRandom } from '../../stack/seeded-random.ts'
import { startBenchStack } from '../bench-stack.ts'
import { cpuBetween, measureIdleness, readCpuTimes, totalMs } from '../cpu-clock.ts'
import { LatencyRecorder, roundMs } from '../latency.ts'
import { measure } from '../measure.ts'
import { penstock } from '../subjects/own-subjects.ts'
import { textTable } from '../text-table.ts'
import { loopbackAddresses } from './loopback-addresses.ts'
import { steadyLoad } from './steady-load.ts'
import type { Suite, SuiteContext, SuiteResult } from './suite.ts'

/** What one more of something costs each request. */
interface GrowthRow {
  readonly subject: 'penstock'
  /** `queued jobs`: one job in, one out of a line of that length, real Redis. `nodes`, `pools`: whole requests through one worker. */
  readonly what: 'queued jobs' | 'nodes' | 'pools'
  readonly size: number
  /** In and out of the line, or TTFT beyond the node's own. */
  readonly msP50: number
  readonly msP99: number
  /** All processes, without what they use while idle. */
  readonly cpuMsPerRequest: number
  readonly idleCpuMsPerSecond: number
  /** Requests without a right answer in time: with any, the cost per request means nothing. */
  readonly wrong: number
  /** CPU of the smallest size is 1. */
  readonly cpuRatio: number
}

type Measured = Omit<GrowthRow, 'cpuRatio' | 'subject' | 'what' | 'size'>

const sizes = { 'queued jobs': [10, 1000, 100_000], nodes: [1, 100, 1000], pools: [1, 50, 200] } as const
/** The growth that counts as none. */
const flatWithin = 1.3
const projectRoot = resolve(import.meta.dirname, '../../..')
const node = { ttftMs: 5, itlMs: 2 } as const

export const growth: Suite = {
  name: 'growth',
  summary: 'what a request costs with 10 to 100,000 jobs queued, 1 to 1,000 nodes, 1 to 200 pools in one worker',
  subjects: ['penstock'],
  run: (context) => runGrowth(context),
}

const runGrowth = async (context: SuiteContext): Promise<SuiteResult> => {
  const { options, onProgress } = context
  const seconds = options.seconds ?? (options.quick ? 6 : 20)
  const rounds = options.rounds ?? (options.quick ? 1 : 3)
  const found = new Map<string, { what: GrowthRow['what']; size: number; turns: Measured[] }>()
  for (let round = 1; round <= rounds; round++) {
    for (const what of ['queued jobs', 'nodes', 'pools'] as const) {
      for (const size of sizes[what]) {
        const one =
          what === 'queued jobs'
            ? await costOfLine(size, seconds, context)
            : await costOfPlaces(what, size, seconds, context)
        onProgress(`${size} ${what}, round ${round} of ${rounds}: p50 ${one.msP50} ms, ${one.cpuMsPerRequest} CPU-ms`)
        const key = `${what} ${size}`
        const known = found.get(key) ?? { what, size, turns: [] }
        known.turns.push(one)
        found.set(key, known)
      }
    }
  }
  const rows: GrowthRow[] = []
  for (const { what, size, turns } of found.values()) {
    const one = middle(turns)
    const base = rows.find((row) => row.what === what)?.cpuMsPerRequest ?? one.cpuMsPerRequest
    rows.push({
      subject: 'penstock',
      what,
      size,
      ...one,
      cpuRatio: Math.round((one.cpuMsPerRequest / base) * 100) / 100,
    })
  }
  const missed = rows.flatMap(({ what, size, cpuRatio, wrong }) => [
    ...(cpuRatio > flatWithin
      ? [`with ${size} ${what} a request costs ${cpuRatio} times as much CPU, aim ${flatWithin}`]
      : []),
    ...(wrong > 0 ? [`with ${size} ${what} ${wrong} requests had no right answer in time`] : []),
  ])
  return {
    rows,
    absent: [],
    failures: [],
    text: [growthTable(rows), ...missed.map((sentence) => `missed: ${sentence}`)].join('\n'),
    facts: { missedAims: missed, flatWithin, secondsPerTurn: seconds, rounds },
  }
}

/** The round with the middle CPU. */
const middle = (turns: readonly Measured[]): Measured =>
  turns.toSorted((a, b) => a.cpuMsPerRequest - b.cpuMsPerRequest)[Math.floor(turns.length / 2)] as Measured

const linePool = 'main'
const lineBounds = {
  jobsMax: 1_000_000,
  bytesMax: 2 ** 40,
  perUserMax: 8,
  perTenantMax: 1_000_000,
  aheadMax: 1_000_000,
}
const pairsPerSecond = 100

/** One job into a line and the first one out of it, the line being this long all the time. */
const costOfLine = async (queued: number, seconds: number, { signal }: SuiteContext): Promise<Measured> => {
  const { redisServer } = await ensureServers({ projectRoot })
  await using redis = await startRedis({ program: redisServer })
  await using queue = await BullMqPoolQueue.open({ url: redis.url, name: 'bench' }, { onProblem: () => undefined })
  while (!queue.connected) await delay(10, undefined, { signal })
  let added = 0
  const addOne = async (): Promise<void> => {
    const placing = await queue.add(job(added++), lineBounds)
    if (placing.kind !== 'added') throw new Error(`the line refused a job: ${JSON.stringify(placing)}`)
  }
  while (added < queued) {
    const jobs = Array.from({ length: Math.min(64, queued - added) }, () => job(added++))
    await Promise.all(jobs.map((one) => fill(queue, one, signal)))
  }
  let recorder = new LatencyRecorder()
  const pair = async (): Promise<void> => {
    const startedAt = performance.now()
    await addOne()
    if ((await queue.take(linePool, ['interactive'])) === null) throw new Error('the line is empty')
    await queue.lengths([{ pool: linePool, lane: 'interactive' }])
    recorder.record(performance.now() - startedAt)
  }
  // Code that has run before, as in a service that has been up for a while.
  for (let count = 0; count < 500; count++) await pair()
  recorder = new LatencyRecorder()
  const pids = new Map([
    ['redis', redis.pid],
    ['client', process.pid],
  ])
  const before = await readCpuTimes(pids)
  const startedAt = performance.now()
  const pairs = seconds * pairsPerSecond
  for (let count = 0; count < pairs; count++) {
    await delay(Math.max(0, startedAt + (count * 1000) / pairsPerSecond - performance.now()), undefined, { signal })
    await pair()
  }
  return {
    msP50: recorder.percentileMs(50),
    msP99: recorder.percentileMs(99),
    cpuMsPerRequest: roundMs(totalMs(cpuBetween(before, await readCpuTimes(pids))) / pairs),
    idleCpuMsPerSecond: 0,
    wrong: 0,
  }
}

/** Filling is not what is measured: a command that is late on a busy machine is sent again. */
const fill = async (queue: BullMqPoolQueue, one: NewJob, signal: AbortSignal): Promise<void> => {
  for (let added = false; !added;) {
    signal.throwIfAborted()
    added = await queue.add(one, lineBounds).then(
      () => true,
      (error: unknown) => {
        if (error instanceof RequestFailure) return false
        throw error
      },
    )
  }
}

const job = (index: number): NewJob => ({
  jobId: `${randomBytes(16).toString('hex')}.1`,
  pool: linePool,
  lane: 'interactive',
  user: `user-${index.toString(36)}`,
  tenant: `tenant-${index % 50}`,
  cost: 20,
  resumed: false,
  askedAt: index,
  envelope: {
    request: 'a'.repeat(32),
    feature: 'openai-chat',
    affinity: Array.from({ length: 8 }, (_, n) => `${n}`.repeat(16)),
  },
  bytes: 8192,
  tokens: 1000,
})

const perSecond = 20
/** A node is looked at every five seconds. */
const settleMsPerPlace = 8

/** Whole requests through one worker that has so many nodes or pools: all of them addresses of two simulated nodes. */
const costOfPlaces = async (
  what: 'nodes' | 'pools',
  size: number,
  seconds: number,
  { options, signal, onProgress, folder }: SuiteContext,
): Promise<Measured> => {
  await using held = new AsyncDisposableStack()
  const stack = held.use(
    await startBenchStack({
      nodes: 2,
      workers: 1,
      routers: 1,
      nodeEnv: { VLLM_SIM_TTFT_MS: String(node.ttftMs), VLLM_SIM_ITL_MS: String(node.itlMs) },
      async configure(document) {
        const urls = document.nodes.map(({ url }) => url)
        const addresses = await loopbackAddresses(urls, size, held)
        return what === 'nodes' ? withNodes(document, addresses) : withPools(document, addresses)
      },
      signal,
      onNotice: onProgress,
    }),
  )
  const subject = await penstock.start({ stack, held, folder, signal, onProgress })
  const random = seededRandom(options.seed)
  const plan = (spanMs: number) => steadyLoad({ perSecond, spanMs, promptTokens: 400, outputTokens: 20, random })
  const rest = { drainMs: 3000, signal }
  await measure(subject, { plan: plan(4000), warmUpMs: 0, measuredMs: 4000, ...rest })
  // The first checks of many nodes take their time; they are no part of what a request costs, nor of what idling does.
  await delay(size * settleMsPerPlace, undefined, { signal })
  const idle = await measureIdleness(subject.pids(), 3)
  const idleCpuMsPerSecond = roundMs(totalMs(idle.cpuMsPerSecond))
  const measuredMs = seconds * 1000
  const measured = await measure(subject, { plan: plan(measuredMs), warmUpMs: 0, measuredMs, ...rest })
  const wrong = Object.entries(measured.errors).map(([reason, count]) => `${count} × ${reason}`)
  if (wrong.length > 0) onProgress(`with ${size} ${what}: ${wrong.join(', ')}`)
  const busy = totalMs(measured.cpuMs) - idleCpuMsPerSecond * seconds
  return {
    msP50: roundMs((measured.ttftMs?.p50 ?? Infinity) - node.ttftMs),
    msP99: roundMs((measured.ttftMs?.p99 ?? Infinity) - node.ttftMs),
    cpuMsPerRequest: roundMs(Math.max(0, busy) / Math.max(1, measured.requests)),
    idleCpuMsPerSecond,
    wrong: Object.values(measured.errors).reduce((sum, count) => sum + count, 0),
  }
}

/** The pool with so many nodes. */
const withNodes = (document: ConfigDocumentInput, urls: readonly string[]): ConfigDocumentInput => {
  const nodes = urls.map((url, index) => ({ name: `node-${index + 1}`, url }))
  const pools = document.pools.map((pool) => ({ ...pool, nodes: nodes.map(({ name }) => name) }))
  return { ...document, nodes, pools }
}

/** Further pools with a node each, watched by the same worker, that nobody asks anything. */
const withPools = (document: ConfigDocumentInput, urls: readonly string[]): ConfigDocumentInput => {
  const others = urls.slice(1).map((url, index) => ({ name: `other-${index + 1}`, url }))
  return {
    ...document,
    nodes: [...document.nodes, ...others],
    pools: [...document.pools, ...others.map(({ name }) => ({ name: `pool-of-${name}`, nodes: [name] }))],
  }
}

const growthTable = (rows: readonly GrowthRow[]): string =>
  textTable(
    ['what', 'size', 'p50', 'p99 ms', 'CPU ms/req', 'of smallest', 'idle CPU ms/s', 'wrong'],
    rows.map((row) => [
      row.what,
      String(row.size),
      row.msP50.toFixed(2),
      row.msP99.toFixed(2),
      row.cpuMsPerRequest.toFixed(2),
      `${row.cpuRatio.toFixed(2)}×`,
      row.idleCpuMsPerSecond.toFixed(0),
      String(row.wrong),
    ]),
  )
