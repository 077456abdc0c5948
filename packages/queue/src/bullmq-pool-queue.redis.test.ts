import { startTestRedis } from '@penstock/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { BullMqPoolQueue, type PoolQueueProblem } from './bullmq-pool-queue.ts'
import { jobOf, poolQueueConformance, roomy, type QueueHarness } from './conformance.ts'
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
  test('a taken job leaves nothing of itself in Redis at once, and an emptied lane only its bookkeeping', async () => {
    const { queue } = await fresh()
    await queue.add(jobOf('a.1'), roomy)
    await queue.add(jobOf('b.1'), roomy)
    await queue.take('p', ['completion'])
    expect(await keyNames()).toEqual(['arrived', 'b.1', 'events', 'fair', 'id', 'marker', 'meta', 'pc', 'prioritized'])
    await queue.take('p', ['completion'])
    expect(await keyNames()).toEqual(['events', 'id', 'meta'])
  })

  test('a take is one question to Redis, whichever of its lanes has the job', async () => {
    const { queue } = await fresh()
    const lanes = ['completion', 'interactive', 'background'] as const
    await queue.take('p', lanes)
    for (const lane of [...lanes, null]) {
      if (lane !== null) await queue.add(jobOf('a.1', { lane }), roomy)
      await admin.config('RESETSTAT')
      expect((await queue.take('p', lanes))?.lane ?? null).toBe(lane)
      expect(await admin.info('commandstats')).toMatch(/cmdstat_evalsha:calls=1,/)
      expect(await admin.info('commandstats')).not.toMatch(/cmdstat_(multi|eval):/)
    }
  })

  test('equal ranks keep their order across an emptied lane', async () => {
    const { queue } = await fresh()
    for (const ids of [['a.1'], ['c.1', 'b.1', 'd.1']]) {
      for (const id of ids) await queue.add(jobOf(id, { user: id }), roomy)
      for (const id of ids) expect((await queue.take('p', ['completion']))?.jobId).toBe(id)
    }
  })

  test('a close lets the take before it finish', async () => {
    const { queue } = await fresh()
    await queue.add(jobOf('a.1'), roomy)
    const [job] = await Promise.all([queue.take('p', ['completion']), queue.close()])
    expect(job?.jobId).toBe('a.1')
  })

  test('its event streams stay short', async () => {
    const { queue } = await fresh()
    for (let n = 0; n < 400; n++) {
      await queue.add(jobOf(`j${n}.1`), roomy)
      await queue.take('p', ['completion'])
    }
    expect(await admin.xlen('penstock:{p}:completion:events')).toBeLessThan(300)
  })

  test('uses one connection for 200 pools', async () => {
    const { queue } = await fresh()
    const before = await connections()
    await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        await queue.add(jobOf('a.1', { pool: `pool${n}` }), roomy)
        await queue.take(`pool${n}`, ['completion', 'interactive', 'background'])
      }),
    )
    expect(await connections()).toBe(before)
  })

  test('rows that are no jobs are dropped and reported, and the job behind them is taken', async () => {
    const { queue, problems } = await fresh()
    await queue.add(jobOf('noRow.1', { user: 'u', cost: 1 }), roomy)
    await admin.del('penstock:{p}:completion:noRow.1')
    await queue.add(jobOf('noJson.1', { user: 'u', cost: 1 }), roomy)
    await admin.hset('penstock:{p}:completion:noJson.1', 'data', '{"envelope":')
    await queue.add(jobOf('otherShape.1', { user: 'u', cost: 1 }), roomy)
    await admin.hset('penstock:{p}:completion:otherShape.1', 'data', '[]')
    await queue.add(jobOf('good.1', { user: 'u', cost: 1 }), roomy)
    expect((await queue.take('p', ['completion']))?.jobId).toBe('good.1')
    expect(problems.map((problem) => [problem.kind, 'jobId' in problem && problem.jobId])).toEqual([
      ['unreadable_job', 'noRow.1'],
      ['unreadable_job', 'noJson.1'],
      ['unreadable_job', 'otherShape.1'],
    ])
    expect(await queue.lengths([{ pool: 'p', lane: 'completion' }])).toMatchObject([{ jobs: 0 }])
    expect(await keyNames()).toEqual(['events', 'id', 'meta'])
  })

  test('works on when Redis forgets its scripts without closing the connection', async () => {
    const { queue } = await fresh()
    await queue.add(jobOf('a.1'), roomy)
    await queue.take('p', ['completion'])
    await admin.script('FLUSH')
    expect(await queue.add(jobOf('b.1'), roomy)).toMatchObject({ kind: 'added' })
    await admin.script('FLUSH')
    expect((await queue.take('p', ['completion']))?.jobId).toBe('b.1')
  })

  test('a lane that never empties starts its ranks anew before they lose precision, in the same order', async () => {
    const { queue } = await fresh()
    for (const id of ['a.1', 'b.1', 'c.1']) await queue.add(jobOf(id, { user: id, cost: 3 }), roomy)
    await queue.take('p', ['completion'])
    const far = 2 ** 32
    await admin.hset('penstock:{p}:completion:fair', 'v', far)
    expect(await queue.add(jobOf('d.1', { user: 'b.1', cost: 2 }), roomy)).toMatchObject({ rank: far + 2, ahead: 2 })
    expect(await admin.hget('penstock:{p}:completion:fair', 'v')).toBe('0')
    expect(await queue.add(jobOf('e.1', { user: 'e', cost: 1 }), roomy)).toMatchObject({ rank: 1, ahead: 2 })
    const order: (string | undefined)[] = []
    for (let n = 0; n < 4; n++) order.push((await queue.take('p', ['completion']))?.jobId)
    expect(order).toEqual(['b.1', 'c.1', 'e.1', 'd.1'])
  })

  test('says store_unavailable at once when Redis was never there', async () => {
    const problems: PoolQueueProblem[] = []
    const queue = await BullMqPoolQueue.open(
      { url: 'redis://127.0.0.1:1', name: 'test' },
      { onProblem: (p) => problems.push(p) },
    )
    onTestFinished(() => queue.close())
    expect(queue.connected).toBe(false)
    await expect(queue.add(jobOf('a.1'), roomy)).rejects.toMatchObject({ code: 'store_unavailable' })
    await vi.waitUntil(() => problems.some((problem) => problem.kind === 'disconnected'))
  })
})

/** Last part of every key, sorted. */
async function keyNames(): Promise<string[]> {
  return (await admin.keys('*')).map((key) => key.split(':').at(-1)!).toSorted()
}

async function fresh(): Promise<{ queue: BullMqPoolQueue; problems: PoolQueueProblem[] }> {
  await admin.flushall()
  const problems: PoolQueueProblem[] = []
  const queue = await opened(server.url, (problem) => problems.push(problem))
  onTestFinished(() => queue.close())
  return { queue, problems }
}

async function opened(
  url: string,
  onProblem: (problem: PoolQueueProblem) => void = () => undefined,
): Promise<BullMqPoolQueue> {
  const queue = await BullMqPoolQueue.open({ url, name: 'test' }, { onProblem })
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
