import { lanes } from '@penstock/contracts'
import type { Job, RunId } from '@penstock/contracts'
import { BullMqPoolQueue } from '@penstock/queue'
import { createLogger } from '@penstock/runtime'
import { startTestRedis, waitFor } from '@penstock/testkit'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { TakeLoop } from './take-loop.ts'

type Server = Awaited<ReturnType<typeof startTestRedis>>

let server: Server
beforeAll(async () => {
  server = await startTestRedis()
})
afterAll(() => server.stop())

const roomy = { perUserMax: 100, perTenantMax: 100, jobsMax: 100, bytesMax: 100, aheadMax: 100 }
/** A pool as the configuration says it by default. */
const served = (name: string, ...shares: number[]) => ({
  name,
  lanes: lanes.map((lane, n) => ({ name: lane, minimumShare: shares[n] ?? 0 })),
})
const depthOf = async (queue: BullMqPoolQueue, pool: string): Promise<number> => {
  const [length] = await queue.lengths([{ pool, lane: 'completion' }])
  return length?.jobs ?? Number.NaN
}

let pools = 0
let jobs = 0

const newJob = (pool: string, over: object = {}): Job => ({
  request: (jobs++).toString(16).padStart(32, '0') as Job['request'],
  attempt: 1,
  ingress: 'i-1' as Job['ingress'],
  feature: 'f',
  pool,
  lane: 'completion',
  model: 'm',
  family: 'general',
  configVersion: 1,
  promptTokensEstimate: 100,
  outputTokensMax: 100,
  affinity: [],
  avoidNodes: [],
  ...over,
})

/** A loop over a pool of its own with so many places, and a queue to add to. */
const looping = async (places: number, url = server.url) => {
  const pool = `p${pools++}`
  const queue = await BullMqPoolQueue.open({ url, name: 'test' }, { onProblem: () => undefined })
  onTestFinished(() => queue.close())
  await waitFor(() => queue.connected, { what: 'the queue' })
  const lines: string[] = []
  const log = createLogger({ service: 'x', instance: 'x', level: 'debug' }, { write: (line) => void lines.push(line) })
  const started: { job: Job; run: RunId }[] = []
  let busy = 0
  let busiest = 0
  const loop = new TakeLoop({
    queue,
    log,
    hasRoom: () => places > busy,
    start: (job, run) => {
      started.push({ job, run })
      busiest = Math.max(busiest, ++busy)
    },
  })
  onTestFinished(() => loop.stop())
  const add = async (...added: Job[]): Promise<void> => {
    for (const job of added)
      await queue.add(
        {
          jobId: `${job.request}.1`,
          pool,
          lane: job.lane,
          user: 'u',
          tenant: 't',
          cost: 1,
          resumed: false,
          askedAt: 0,
          envelope: job,
          bytes: 0,
          tokens: 0,
        },
        roomy,
      )
  }
  return {
    pool,
    queue,
    loop,
    lines,
    started,
    add,
    busiest: () => busiest,
    free: () => {
      busy -= 1
      loop.placeFreed()
    },
  }
}

describe('jobs', () => {
  test('are taken in order, only while there is room, and each freed place takes the next at once', async () => {
    const { pool, loop, started, add, busiest, free, queue } = await looping(3)
    const line = Array.from({ length: 12 }, () => newJob(pool))
    await add(...line)
    loop.serve([served(pool)])
    for (let done = 0; done < 9; done++) {
      await waitFor(() => started.length === Math.min(12, 3 + done), {
        what: 'every place taken',
        everyMs: 1,
        timeoutMs: 150,
      })
      free()
    }
    await waitFor(() => started.length === 12, { what: 'all jobs taken' })
    expect(started.map(({ job }) => job.request)).toEqual(line.map(({ request }) => request))
    expect(new Set(started.map(({ run }) => run)).size).toBe(12)
    expect(busiest()).toBe(3)
    expect(await depthOf(queue, pool)).toBe(0)
  })

  test('that a nudge names are taken within 100 ms, however closely the nudges follow', async () => {
    const { pool, loop, started, add } = await looping(1000)
    loop.serve([served(pool)])
    for (let n = 1; n <= 50; n++) {
      await add(newJob(pool))
      loop.nudge(pool)
      if (n % 7 === 0) await waitFor(() => started.length === n, { what: 'all jobs taken', everyMs: 1, timeoutMs: 100 })
    }
    await waitFor(() => started.length >= 50, { what: 'all jobs taken', everyMs: 1, timeoutMs: 100 })
    expect(started).toHaveLength(50)
  })

  test('of lower lanes keep their minimum share of starts while the first lane never empties', async () => {
    const { pool, loop, started, add, free } = await looping(1)
    const line = (lane: Job['lane'], count: number) => Array.from({ length: count }, () => newJob(pool, { lane }))
    await add(...line('completion', 40), ...line('interactive', 20), ...line('background', 20))
    loop.serve([served(pool, 0, 0.25, 0.1)])
    for (let done = 1; done <= 40; done++) {
      await waitFor(() => started.length === done, { what: 'the next job taken', everyMs: 1 })
      free()
    }
    const counts = Object.groupBy(started.slice(0, 40), ({ job }) => job.lane)
    expect(counts.interactive!.length).toBeGreaterThanOrEqual(8)
    expect(counts.background!.length).toBeGreaterThanOrEqual(3)
    expect(counts.completion!.length).toBeGreaterThanOrEqual(24)
  })

  test('whose nudge was lost wait for the next look, not for ever', async () => {
    const { pool, loop, started, add } = await looping(10)
    loop.serve([served(pool)])
    await add(newJob(pool), newJob(pool))
    await waitFor(() => started.length >= 2, { what: 'both jobs taken', timeoutMs: 1000 })
    expect(started).toHaveLength(2)
  })

  test('that break their schema are dropped and logged, and the next is taken', async () => {
    const { pool, loop, started, lines, add } = await looping(10)
    const good = newJob(pool)
    await add(newJob(pool, { attempt: -1 }), good)
    loop.serve([served(pool)])
    await waitFor(() => started.length === 1, { what: 'the good job taken' })
    expect(started[0]?.job).toEqual(good)
    expect(lines.filter((line) => line.includes('"severity":"error"'))).toHaveLength(1)
  })

  test('of a pool that is served no more, and after the stop, are left to others', async () => {
    const { pool, loop, started, add, queue } = await looping(10)
    loop.serve([served(pool)])
    loop.serve([])
    await add(newJob(pool))
    loop.nudge(pool)
    loop.placeFreed()
    loop.serve([served(pool)])
    await waitFor(() => started.length === 1, { what: 'the job taken once it is served again' })
    loop.stop()
    await add(newJob(pool))
    loop.nudge(pool)
    loop.placeFreed()
    await depthOf(queue, pool)
    expect(started).toHaveLength(1)
    expect(await depthOf(queue, pool)).toBe(1)
  })
})

test('a store that goes and comes back is asked again, and its absence is one line in the log', async () => {
  const own = await startTestRedis()
  onTestFinished(() => own.stop())
  const { pool, loop, started, lines, add, queue } = await looping(10, own.url)
  loop.serve([served(pool)])
  own.kill('SIGKILL')
  await own.exited
  await waitFor(() => lines.length > 0, { what: 'the absence noticed' })
  for (let n = 0; n < 5; n++) loop.nudge(pool)
  const again = await startTestRedis({ port: own.port })
  onTestFinished(() => again.stop())
  await waitFor(() => queue.connected, { what: 'the queue' })
  await add(newJob(pool))
  await waitFor(() => started.length === 1, { what: 'the job taken' })
  expect(lines.filter((line) => line.includes('queue cannot be asked'))).toHaveLength(1)
})
