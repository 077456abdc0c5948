import { startTestRedis } from '@penstock/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { BullMqPoolQueue, type PoolQueueProblem } from './bullmq-pool-queue.ts'
import { jobOf, poolQueueConformance, type QueueHarness } from './conformance.ts'
import { SeverableProxy } from './severable-proxy.ts'

let server: Awaited<ReturnType<typeof startTestRedis>>
let admin: Redis
beforeAll(async () => {
  server = await startTestRedis()
  admin = new Redis(server.url)
})
afterAll(async () => {
  admin.disconnect()
  await server.stop()
})

poolQueueConformance('BullMqPoolQueue', async (): Promise<QueueHarness> => {
  await admin.flushall()
  const proxy = await SeverableProxy.to(Number(new URL(server.url).port))
  const queues: BullMqPoolQueue[] = []
  return {
    async open() {
      const queue = await opened(`redis://127.0.0.1:${proxy.port}`)
      queues.push(queue)
      return queue
    },
    goAway: () => proxy.sever(),
    comeBack: () => proxy.restore(),
    freeze: async (spanMs) => void (await admin.client('PAUSE', spanMs, 'ALL')),
    async wipe() {
      await proxy.sever()
      await admin.flushall()
      await admin.script('FLUSH')
      await proxy.restore()
    },
    dump: () => dumpAll(),
    async [Symbol.asyncDispose]() {
      await Promise.all(queues.map((queue) => queue.close()))
      await proxy[Symbol.asyncDispose]()
    },
  }
})

describe('BullMqPoolQueue', () => {
  test('leaves only its bookkeeping in Redis after a job was taken: no row, no lock, no active entry', async () => {
    const { queue } = await fresh()
    await queue.addOnce(jobOf('a.1'))
    await queue.take('p', ['completion'])
    await queue.close()
    expect((await admin.keys('*')).map((key) => key.split(':').at(-1))).toSatisfy((names: string[]) =>
      names.every((name) => ['events', 'id', 'marker', 'meta', 'pc'].includes(name)),
    )
  })

  test('its event streams stay short', async () => {
    const { queue } = await fresh()
    for (let n = 0; n < 400; n++) {
      await queue.addOnce(jobOf(`j${n}.1`))
      await queue.take('p', ['completion'])
    }
    expect(await admin.xlen('penstock:{p}:completion:events')).toBeLessThan(300)
  })

  test('uses one connection for 200 pools', async () => {
    const { queue } = await fresh()
    const before = await connections()
    await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        await queue.addOnce(jobOf('a.1', { pool: `pool${n}` }))
        await queue.take(`pool${n}`, ['completion', 'interactive', 'background'])
      }),
    )
    expect(await connections()).toBe(before)
  })

  test('an entry whose taker died before settling is never handed out, and is swept after a minute', async () => {
    let nowMs = Date.now()
    const { queue } = await fresh(() => nowMs)
    await abandon('a.1')
    expect(await queue.take('p', ['completion'])).toBeNull()
    expect(await queue.unknown('p', 'completion', ['a.1'])).toEqual(['a.1'])
    expect(await queue.sweep('p', ['completion'])).toBe(0)
    nowMs += 61_000
    expect(await queue.sweep('p', ['completion', 'background'])).toBe(1)
    expect(await admin.keys('*a.1*')).toEqual([])
    expect(await admin.llen('penstock:{p}:completion:active')).toBe(0)
  })

  test('an id whose taker died before settling can be added again', async () => {
    const { queue } = await fresh()
    await abandon('a.1')
    expect(await queue.addOnce(jobOf('a.1', { envelope: { again: true } }))).toBe('added')
    expect((await queue.take('p', ['completion']))?.envelope).toEqual({ again: true })
  })

  test('rows that are no jobs are dropped and reported, and the job behind them is taken', async () => {
    const { queue, problems } = await fresh()
    await queue.addOnce(jobOf('noRow.1', { priority: 1 }))
    await admin.del('penstock:{p}:completion:noRow.1')
    await queue.addOnce(jobOf('noJson.1', { priority: 2 }))
    await admin.hset('penstock:{p}:completion:noJson.1', 'data', '{"envelope":')
    await queue.addOnce(jobOf('otherShape.1', { priority: 3 }))
    await admin.hset('penstock:{p}:completion:otherShape.1', 'data', '[]')
    await queue.addOnce(jobOf('good.1', { priority: 4 }))
    expect((await queue.take('p', ['completion']))?.jobId).toBe('good.1')
    expect(problems.map((problem) => [problem.kind, 'jobId' in problem && problem.jobId])).toEqual([
      ['unreadable_job', 'noRow.1'],
      ['unreadable_job', 'noJson.1'],
      ['unreadable_job', 'otherShape.1'],
    ])
    await queue.close()
    expect(await admin.llen('penstock:{p}:completion:active')).toBe(0)
  })

  test('works on when Redis forgets its scripts without closing the connection', async () => {
    const { queue } = await fresh()
    await queue.addOnce(jobOf('a.1'))
    await queue.take('p', ['completion'])
    await admin.script('FLUSH')
    expect(await queue.addOnce(jobOf('b.1'))).toBe('added')
    await admin.script('FLUSH')
    expect((await queue.take('p', ['completion']))?.jobId).toBe('b.1')
  })

  test('says store_unavailable at once when Redis was never there', async () => {
    const problems: PoolQueueProblem[] = []
    const queue = await BullMqPoolQueue.open(
      { url: 'redis://127.0.0.1:1', name: 'test' },
      { onProblem: (p) => problems.push(p) },
    )
    onTestFinished(() => queue.close())
    expect(queue.connected).toBe(false)
    await expect(queue.addOnce(jobOf('a.1'))).rejects.toMatchObject({ code: 'store_unavailable' })
    await vi.waitUntil(() => problems.some((problem) => problem.kind === 'disconnected'))
  })
})

/** Takes a job as a worker does that dies before it settles: BullMQ's script alone, by hand. */
async function abandon(jobId: string): Promise<void> {
  const { queue } = await fresh()
  await queue.addOnce(jobOf(jobId))
  const key = 'penstock:{p}:completion:'
  await admin
    .multi()
    .zrem(`${key}prioritized`, jobId)
    .lpush(`${key}active`, jobId)
    .hset(key + jobId, 'processedOn', Date.now())
    .exec()
}

async function fresh(now: () => number = Date.now): Promise<{ queue: BullMqPoolQueue; problems: PoolQueueProblem[] }> {
  await admin.flushall()
  const problems: PoolQueueProblem[] = []
  const queue = await opened(server.url, (problem) => problems.push(problem), now)
  onTestFinished(() => queue.close())
  return { queue, problems }
}

async function opened(
  url: string,
  onProblem: (problem: PoolQueueProblem) => void = () => undefined,
  now = Date.now,
): Promise<BullMqPoolQueue> {
  const queue = await BullMqPoolQueue.open({ url, name: 'test' }, { onProblem, now })
  await vi.waitUntil(() => queue.connected)
  return queue
}

async function connections(): Promise<number> {
  return String(await admin.client('LIST'))
    .trim()
    .split('\n').length
}

async function dumpAll(): Promise<string> {
  const dumps = await Promise.all(
    (await admin.keys('*')).map(async (key) => `${key} ${(await admin.dumpBuffer(key))?.toString('latin1')}`),
  )
  return dumps.join('\n')
}
