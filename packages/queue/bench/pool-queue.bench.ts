import { Redis } from 'ioredis'
import { BullMqPoolQueue } from '../src/index.ts'

/** Prints what a job costs: `node packages/queue/bench/pool-queue.bench.ts redis://127.0.0.1:6379 [jobs per second]`.
 *  Flushes that Redis. Adder and taker share this process, so its CPU is both sides together. */
const url = process.argv[2]
if (url === undefined) throw new Error('usage: pool-queue.bench.ts <redis url> [jobs per second]')
const ratePerS = Number(process.argv[3] ?? 100)
const jobs = ratePerS * 10

const admin = new Redis(url)
await admin.flushall()
await using queue = await BullMqPoolQueue.open(
  { url, name: 'bench' },
  {
    onProblem: (problem) => {
      throw new Error(problem.kind)
    },
  },
)
while (!queue.connected) await sleepMs(5)

const envelope = {
  request: 'a'.repeat(32),
  attempt: 1,
  ingress: 'ingress-1',
  feature: 'code_completions',
  pool: 'p',
  lane: 'completion',
  model: 'codestral',
  configVersion: 12,
  affinity: Array.from({ length: 8 }, (_, n) => `${n}`.repeat(16)),
  avoidNodes: [],
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
}

// Services run for long: what the compiler costs at first is not what a job costs.
for (let n = 0; n < 5000; n++) await oneJob(`warm${n}.1`)
const idle = await measure(async () => undefined)
for (const lanes of [
  ['completion'],
  ['completion', 'interactive', 'background'],
  ['background', 'interactive', 'completion'],
] as const) {
  const addMs: number[] = []
  const takeMs: number[] = []
  const cost = await measure(async (n) => {
    const [add, take] = await oneJob(`job${n}.1`, lanes)
    addMs.push(add)
    takeMs.push(take)
  })
  const emptyMs: number[] = []
  const empty = await measure(async () => {
    const startedAt = performance.now()
    await queue.take('p', lanes)
    emptyMs.push(performance.now() - startedAt)
  })
  process.stdout.write(
    `take [${lanes.join(' ')}]: add p50/p99 ${quantiles(addMs)} ms, take ${quantiles(takeMs)} ms, ` +
      `client ${(cost.clientMs - idle.clientMs).toFixed(3)} CPU-ms, redis ${(cost.redisMs - idle.redisMs).toFixed(3)} CPU-ms, ` +
      `${cost.calls.toFixed(1)} commands executed by Redis per job; ` +
      `empty take ${quantiles(emptyMs)} ms, client ${(empty.clientMs - idle.clientMs).toFixed(3)} CPU-ms\n`,
  )
}
admin.disconnect()

async function oneJob(
  jobId: string,
  lanes: readonly ('completion' | 'interactive' | 'background')[] = ['completion'],
): Promise<[number, number]> {
  const startedAt = performance.now()
  await queue.add(
    {
      jobId,
      pool: 'p',
      lane: 'completion',
      user: 'f'.repeat(32),
      tenant: 'e'.repeat(32),
      replaceKey: 'd'.repeat(32),
      cost: 20,
      resumed: false,
      askedAt: 0,
      envelope,
      bytes: 8192,
      tokens: 1000,
    },
    { perUserMax: 8, perTenantMax: 1000, jobsMax: 2000, bytesMax: 2 ** 28, aheadMax: 1000 },
  )
  const addedAt = performance.now()
  if ((await queue.take('p', lanes))?.jobId !== jobId) throw new Error(`${jobId} was not taken`)
  return [addedAt - startedAt, performance.now() - addedAt]
}

/** Runs `work` at the rate; per run: CPU of this process and of Redis, and commands that Redis executed, those inside scripts included. */
async function measure(work: (n: number) => Promise<unknown>) {
  await admin.config('RESETSTAT')
  const redisBefore = await redisCpuMs()
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  for (let n = 0; n < jobs; n++) {
    await sleepMs(startedAt + (n * 1000) / ratePerS - performance.now())
    await work(n)
  }
  const cpu = process.cpuUsage(cpuBefore)
  const redisAfter = await redisCpuMs()
  const stats = (await admin.info('commandstats')).matchAll(/cmdstat_\S+:calls=(\d+)/g)
  const total = [...stats].reduce((sum, [, calls]) => sum + Number(calls), 0)
  return {
    clientMs: (cpu.user + cpu.system) / 1000 / jobs,
    redisMs: (redisAfter - redisBefore) / jobs,
    calls: total / jobs,
  }
}

async function redisCpuMs(): Promise<number> {
  const info = await admin.info('cpu')
  return ['used_cpu_user', 'used_cpu_sys'].reduce(
    (sum, name) => sum + Number(new RegExp(`${name}:([0-9.]+)`).exec(info)?.[1]) * 1000,
    0,
  )
}

function quantiles(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  return [0.5, 0.99].map((q) => sorted[Math.floor(sorted.length * q)]!.toFixed(2)).join('/')
}

function sleepMs(spanMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, spanMs)))
}
