import type { Lane } from '@penstock/contracts'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { NewJob, PoolQueue, QueuedJob } from './pool-queue.ts'

/** One store and what a suite does to it. */
export interface QueueHarness extends AsyncDisposable {
  /** Another process's view of the same store. The harness closes it. */
  open(): Promise<PoolQueue>
  /** Refuses and cuts every connection of the opened queues. */
  goAway(): Promise<void>
  /** Accepts connections again, all jobs still there. */
  comeBack(): Promise<void>
  /** Keeps connections open and answers nothing for `spanMs`. */
  freeze(spanMs: number): Promise<void>
  /** Loses all it ever stored, as a store without persistence does when it restarts. */
  wipe(): Promise<void>
  /** Everything stored, as text to search in. */
  dump(): Promise<string>
}

const lanes: readonly Lane[] = ['completion', 'interactive', 'background']

/** What every `PoolQueue` must guarantee, whatever stores it. Call it in a test file of the adapter. */
export function poolQueueConformance(name: string, makeHarness: () => Promise<QueueHarness>): void {
  describe(`${name} is a PoolQueue`, () => {
    let harness: QueueHarness
    let queue: PoolQueue
    beforeEach(async () => {
      harness = await makeHarness()
      queue = await harness.open()
    })
    afterEach(() => harness[Symbol.asyncDispose]())

    test('a job comes out as it went in, once', async () => {
      const before = Date.now()
      expect(
        await queue.addOnce(jobOf('a.1', { priority: 7, bytes: 1234, envelope: { text: 'ü "x"\n', list: [1] } })),
      ).toBe('added')
      const job = await queue.take('p', ['completion'])
      expect(job).toEqual({
        jobId: 'a.1',
        pool: 'p',
        lane: 'completion',
        priority: 7,
        bytes: 1234,
        envelope: { text: 'ü "x"\n', list: [1] },
        addedAt: expect.any(Number),
      })
      expect(job!.addedAt).toBeGreaterThanOrEqual(before)
      expect(await queue.take('p', ['completion'])).toBeNull()
    })

    test('a waiting job added again stays one job with its first content and rank', async () => {
      const other = await harness.open()
      await queue.addOnce(jobOf('first.1', { priority: 5 }))
      await queue.addOnce(jobOf('again.1', { priority: 6, envelope: { n: 1 } }))
      expect(await other.addOnce(jobOf('again.1', { priority: 1, envelope: { n: 2 } }))).toBe('present')
      expect(await queue.depth('p', 'completion')).toBe(2)
      expect((await takeAll(queue)).map((job) => [job.jobId, job.priority])).toEqual([
        ['first.1', 5],
        ['again.1', 6],
      ])
    })

    test('of many adding the same job at once exactly one is told that it added it', async () => {
      const queues = await Promise.all(Array.from({ length: 4 }, () => harness.open()))
      const answers = await Promise.all(
        queues.flatMap((each) => [each.addOnce(jobOf('same.1')), each.addOnce(jobOf('same.1'))]),
      )
      expect(answers.filter((answer) => answer === 'added')).toHaveLength(1)
      expect(await queue.depth('p', 'completion')).toBe(1)
    })

    test('eight takers share 500 jobs: each job goes to exactly one', async () => {
      const ids = Array.from({ length: 500 }, (_, n) => `job${n}.1`)
      await Promise.all(ids.map((jobId) => queue.addOnce(jobOf(jobId))))
      const takers = await Promise.all(Array.from({ length: 8 }, () => harness.open()))
      const taken = (await Promise.all(takers.map(takeAll))).flat().map((job) => job.jobId)
      expect(taken).toHaveLength(500)
      expect(new Set(taken)).toEqual(new Set(ids))
    })

    test('lower priority numbers leave first, equal ones in the order of arrival', async () => {
      const priorities = [9, 2_097_151, 1, 9, 300, 1, 9]
      for (const [n, priority] of priorities.entries()) await queue.addOnce(jobOf(`j${n}.1`, { priority }))
      expect((await takeAll(queue)).map((job) => job.jobId)).toEqual([
        'j2.1',
        'j5.1',
        'j0.1',
        'j3.1',
        'j6.1',
        'j4.1',
        'j1.1',
      ])
    })

    test('lanes are tried in the order given, and no others', async () => {
      await queue.addOnce(jobOf('b.1', { lane: 'background' }))
      await queue.addOnce(jobOf('i.1', { lane: 'interactive' }))
      await queue.addOnce(jobOf('c.1', { lane: 'completion' }))
      await queue.addOnce(jobOf('b.2', { lane: 'background' }))
      expect((await queue.take('p', ['background', 'completion']))?.jobId).toBe('b.1')
      expect((await queue.take('p', lanes))?.jobId).toBe('c.1')
      expect((await queue.take('p', lanes))?.jobId).toBe('i.1')
      expect(await queue.take('p', ['completion', 'interactive'])).toBeNull()
      expect((await queue.take('p', lanes))?.jobId).toBe('b.2')
      expect(await queue.take('p', lanes)).toBeNull()
      expect(await queue.take('p', [])).toBeNull()
    })

    test('pools do not see each other', async () => {
      await queue.addOnce(jobOf('a.1', { pool: 'one' }))
      expect(await queue.take('two', lanes)).toBeNull()
      expect(await queue.unknown('two', 'completion', ['a.1'])).toEqual(['a.1'])
      expect((await queue.take('one', lanes))?.jobId).toBe('a.1')
    })

    test('a removed job is never taken, and only a waiting one can be removed', async () => {
      await queue.addOnce(jobOf('a.1'))
      await queue.addOnce(jobOf('b.1'))
      expect(await queue.remove('p', 'completion', 'a.1')).toBe(true)
      expect(await queue.remove('p', 'completion', 'a.1')).toBe(false)
      expect(await queue.remove('p', 'completion', 'never.1')).toBe(false)
      expect((await takeAll(queue)).map((job) => job.jobId)).toEqual(['b.1'])
      expect(await queue.remove('p', 'completion', 'b.1')).toBe(false)
    })

    test('of a remove and a take at the same moment exactly one gets the job', async () => {
      const other = await harness.open()
      for (let n = 0; n < 100; n++) {
        await queue.addOnce(jobOf(`r${n}.1`))
        const [job, removed] = await Promise.all([
          queue.take('p', ['completion']),
          other.remove('p', 'completion', `r${n}.1`),
        ])
        expect([job !== null, removed].filter(Boolean)).toHaveLength(1)
      }
    })

    test('unknown names exactly the jobs that do not wait', async () => {
      for (const jobId of ['taken.1', 'wait.1', 'removed.1', 'wait.2']) await queue.addOnce(jobOf(jobId))
      await queue.take('p', ['completion'])
      await queue.remove('p', 'completion', 'removed.1')
      const asked = ['wait.2', 'taken.1', 'wait.1', 'removed.1', 'never.1']
      expect(await queue.unknown('p', 'completion', asked)).toEqual(['taken.1', 'removed.1', 'never.1'])
      expect(await queue.unknown('p', 'completion', [])).toEqual([])
    })

    test('depth and oldest count what waits, whatever its priority', async () => {
      expect([await queue.depth('p', 'completion'), await queue.oldestAddedAt('p', 'completion')]).toEqual([0, null])
      const from = Date.now()
      await queue.addOnce(jobOf('old.1', { priority: 9 }))
      const to = Date.now()
      await vi.waitUntil(() => Date.now() > to)
      await queue.addOnce(jobOf('urgent.1', { priority: 1 }))
      expect(await queue.depth('p', 'completion')).toBe(2)
      const oldest = await queue.oldestAddedAt('p', 'completion')
      expect(oldest).toBeGreaterThanOrEqual(from)
      expect(oldest).toBeLessThanOrEqual(to)
      await queue.remove('p', 'completion', 'old.1')
      expect(await queue.oldestAddedAt('p', 'completion')).toBeGreaterThan(to)
      expect(await queue.depth('p', 'interactive')).toBe(0)
    })

    test('an id whose job was taken can be added again at once, as a new job', async () => {
      for (let n = 0; n < 20; n++) {
        expect(await queue.addOnce(jobOf('a.1', { envelope: { n } }))).toBe('added')
        expect((await queue.take('p', ['completion']))?.envelope).toEqual({ n })
      }
      expect(await queue.take('p', ['completion'])).toBeNull()
    })

    test('nothing of a job remains after it was taken or removed', async () => {
      await queue.addOnce(jobOf('taken.1', { envelope: { marker: 'SECRET-CONTENT' } }))
      await queue.addOnce(jobOf('removed.1', { envelope: { marker: 'SECRET-CONTENT' } }))
      await queue.take('p', ['completion'])
      await queue.remove('p', 'completion', 'removed.1')
      await queue.close()
      expect(await harness.dump()).not.toContain('SECRET-CONTENT')
    })

    test('while the store is away calls say so within 300 ms, and work again by themselves', async () => {
      await queue.addOnce(jobOf('before.1'))
      await harness.goAway()
      for (const call of [
        () => queue.addOnce(jobOf('away.1')),
        () => queue.take('p', lanes),
        () => queue.depth('p', 'completion'),
      ])
        await expectUnavailable(call)
      await harness.comeBack()
      await vi.waitFor(() => queue.addOnce(jobOf('after.1')), { timeout: 2_000, interval: 20 })
      expect((await takeAll(queue)).map((job) => job.jobId)).toEqual(['before.1', 'after.1'])
    })

    test('while the store is frozen calls say so within 300 ms, and work again by themselves', async () => {
      await queue.addOnce(jobOf('before.1'))
      await harness.freeze(1_500)
      await expectUnavailable(() => queue.addOnce(jobOf('frozen.1')))
      await expectUnavailable(() => queue.take('p', ['interactive']))
      await vi.waitFor(() => queue.addOnce(jobOf('after.1')), { timeout: 5_000, interval: 20 })
      const ids = (await takeAll(queue)).map((job) => job.jobId)
      expect(ids.filter((id) => id !== 'frozen.1')).toEqual(['before.1', 'after.1'])
    })

    test('a wiped store takes new jobs, and knows none of the old', async () => {
      await queue.addOnce(jobOf('old.1'))
      await harness.wipe()
      expect(await vi.waitFor(() => queue.addOnce(jobOf('new.1')), { timeout: 2_000, interval: 20 })).toBe('added')
      expect(await queue.unknown('p', 'completion', ['old.1', 'new.1'])).toEqual(['old.1'])
      expect((await takeAll(queue)).map((job) => job.jobId)).toEqual(['new.1'])
    })

    test('ids, priorities and pools out of range are refused before anything is stored', async () => {
      for (const bad of ['', 'meta', '17', 'a:b.1', 'a b.1', `${'x'.repeat(200)}.1`])
        await expect(queue.addOnce(jobOf(bad))).rejects.toThrow(RangeError)
      for (const priority of [0, -1, 1.5, 2_097_152, Number.NaN])
        await expect(queue.addOnce(jobOf('a.1', { priority }))).rejects.toThrow(RangeError)
      await expect(queue.addOnce(jobOf('a.1', { pool: 'p}:x' }))).rejects.toThrow(RangeError)
      expect(await queue.depth('p', 'completion')).toBe(0)
    })
  })
}

export function jobOf(jobId: string, fields: Partial<NewJob> = {}): NewJob {
  return { jobId, pool: 'p', lane: 'completion', priority: 100, envelope: { jobId }, bytes: 10, ...fields }
}

async function takeAll(queue: PoolQueue): Promise<QueuedJob[]> {
  const jobs: QueuedJob[] = []
  for (let job = await queue.take('p', lanes); job !== null; job = await queue.take('p', lanes)) jobs.push(job)
  return jobs
}

async function expectUnavailable(call: () => Promise<unknown>): Promise<void> {
  const startedAt = performance.now()
  await expect(call()).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(performance.now() - startedAt).toBeLessThan(300)
}
