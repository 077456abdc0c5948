import type { Lane } from '@penstock/contracts'
import { FairLine, type LineBounds } from '@penstock/scheduling'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { LaneLength, NewJob, PoolQueue, QueuedJob } from './pool-queue.ts'

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
      const envelope = { text: 'ü "x"\n', list: [1] }
      expect(await queue.add(jobOf('a.1', { bytes: 1234, envelope }), roomy)).toEqual({
        kind: 'added',
        rank: 1,
        ahead: 0,
        replaced: null,
      })
      const job = await queue.take('p', ['completion'])
      expect(job).toEqual({ jobId: 'a.1', pool: 'p', lane: 'completion', envelope, addedAt: expect.any(Number) })
      expect(job!.addedAt).toBeGreaterThanOrEqual(before)
      expect(await queue.take('p', ['completion'])).toBeNull()
    })

    test('a waiting job added again stays one job with its first content and rank', async () => {
      const other = await harness.open()
      await queue.add(jobOf('first.1', { user: 'a' }), roomy)
      await queue.add(jobOf('again.1', { user: 'b', cost: 5, envelope: { n: 1 } }), roomy)
      const again = jobOf('again.1', { user: 'c', envelope: { n: 2 } })
      expect(await other.add(again, roomy)).toEqual({ kind: 'present', rank: 5, ahead: 1 })
      expect((await lengthOf(queue)).jobs).toBe(2)
      expect((await takeAll(queue)).map((job) => [job.jobId, job.envelope])).toEqual([
        ['first.1', { jobId: 'first.1', user: 'a' }],
        ['again.1', { n: 1 }],
      ])
    })

    test('of many adding the same job at once exactly one is told that it added it', async () => {
      const queues = await Promise.all(Array.from({ length: 4 }, () => harness.open()))
      const answers = await Promise.all(
        queues.flatMap((each) => [each.add(jobOf('same.1'), roomy), each.add(jobOf('same.1'), roomy)]),
      )
      expect(answers.filter(({ kind }) => kind === 'added')).toHaveLength(1)
      expect((await lengthOf(queue)).jobs).toBe(1)
    })

    test('eight takers share 500 jobs: each job goes to exactly one', async () => {
      const ids = Array.from({ length: 500 }, (_, n) => `job${n}.1`)
      await Promise.all(ids.map((jobId, n) => queue.add(jobOf(jobId, { user: `u${n % 100}` }), roomy)))
      const takers = await Promise.all(Array.from({ length: 8 }, () => harness.open()))
      const taken = (await Promise.all(takers.map(takeAll))).flat().map((job) => job.jobId)
      expect(taken).toHaveLength(500)
      expect(new Set(taken)).toEqual(new Set(ids))
    })

    test('the line is a FairLine: the same answers, order and sums after every step', async () => {
      const random = seeded(7)
      const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!
      const bounds = { perUserMax: 4, perTenantMax: 8, jobsMax: 14, bytesMax: 420, aheadMax: 11 }
      const model = new FairLine()
      const kinds = new Set<string>()
      for (let step = 0; step < 2000; step++) {
        const what = random()
        if (what < 0.62) {
          const user = pick(['ann', 'bob', 'cem', 'dee', 'eve', 'fay'])
          const replaceKey = random() < 0.3 ? `${pick(['', 'x'])}${user}` : undefined
          const job = jobOf(`j${Math.floor(random() * 200)}.1`, {
            user,
            tenant: user < 'd' ? 'one' : 'two',
            cost: 1 + Math.floor(random() * 9),
            bytes: Math.floor(random() * 50),
            resumed: random() < 0.1,
            replaceKey,
            askedAt: Math.floor(random() * 3),
          })
          const placing = await queue.add(job, bounds)
          expect(placing).toEqual(model.add({ ...job, id: job.jobId }, bounds))
          kinds.add(placing.kind === 'refused' ? placing.reason : placing.kind)
          if (placing.kind === 'added' && placing.replaced !== null) kinds.add('replaced')
        } else if (what < 0.8) {
          const id = random() < 0.8 ? (pick(model.order()) ?? 'none.1') : `j${Math.floor(random() * 200)}.1`
          expect(await queue.remove('p', 'completion', id)).toBe(model.remove(id))
        } else {
          expect((await queue.take('p', lanes))?.jobId).toBe(model.take()?.id)
        }
        const { jobs, bytes } = await lengthOf(queue)
        expect([jobs, bytes]).toEqual([model.size, model.bytes])
      }
      expect((await takeAll(queue)).map((job) => job.jobId)).toEqual(model.order())
      expect([...kinds].toSorted()).toEqual(
        ['added', 'bytes', 'jobs', 'present', 'replaced', 'superseded', 'tenant', 'user', 'wait'].toSorted(),
      )
    })

    test('many who add at once share one virtual time: nobody is ranked behind jobs that came after it', async () => {
      const queues = await Promise.all(Array.from({ length: 4 }, () => harness.open()))
      await Promise.all(
        queues.flatMap((each, router) =>
          Array.from({ length: 50 }, (_, n) => each.add(jobOf(`r${router}x${n}.1`, { user: `u${n % 25}` }), roomy)),
        ),
      )
      const users = (await takeAll(queue)).map((job) => (job.envelope as { user: string }).user)
      for (let round = 0; round < 8; round++) expect(new Set(users.slice(round * 25, round * 25 + 25)).size).toBe(25)
    })

    test('lanes are tried in the order given, and no others', async () => {
      await queue.add(jobOf('b.1', { lane: 'background' }), roomy)
      await queue.add(jobOf('i.1', { lane: 'interactive' }), roomy)
      await queue.add(jobOf('c.1', { lane: 'completion' }), roomy)
      await queue.add(jobOf('b.2', { lane: 'background' }), roomy)
      expect((await queue.take('p', ['background', 'completion']))?.jobId).toBe('b.1')
      expect((await queue.take('p', lanes))?.jobId).toBe('c.1')
      expect((await queue.take('p', lanes))?.jobId).toBe('i.1')
      expect(await queue.take('p', ['completion', 'interactive'])).toBeNull()
      expect((await queue.take('p', lanes))?.jobId).toBe('b.2')
      expect(await queue.take('p', lanes)).toBeNull()
      expect(await queue.take('p', [])).toBeNull()
    })

    test('pools do not see each other', async () => {
      await queue.add(jobOf('a.1', { pool: 'one' }), roomy)
      expect(await queue.take('two', lanes)).toBeNull()
      expect(await queue.unknown('two', 'completion', ['a.1'])).toEqual(['a.1'])
      expect((await queue.take('one', lanes))?.jobId).toBe('a.1')
    })

    test('a removed job is never taken, and only a waiting one can be removed', async () => {
      await queue.add(jobOf('a.1'), roomy)
      await queue.add(jobOf('b.1'), roomy)
      expect(await queue.remove('p', 'completion', 'a.1')).toBe(true)
      expect(await queue.remove('p', 'completion', 'a.1')).toBe(false)
      expect(await queue.remove('p', 'completion', 'never.1')).toBe(false)
      expect((await takeAll(queue)).map((job) => job.jobId)).toEqual(['b.1'])
      expect(await queue.remove('p', 'completion', 'b.1')).toBe(false)
    })

    test('of a remove and a take at the same moment exactly one gets the job', async () => {
      const other = await harness.open()
      for (let n = 0; n < 100; n++) {
        await queue.add(jobOf(`r${n}.1`), roomy)
        const [job, removed] = await Promise.all([
          queue.take('p', ['completion']),
          other.remove('p', 'completion', `r${n}.1`),
        ])
        expect([job !== null, removed].filter(Boolean)).toHaveLength(1)
      }
    })

    test('unknown names exactly the jobs that do not wait', async () => {
      for (const jobId of ['taken.1', 'wait.1', 'removed.1', 'wait.2']) await queue.add(jobOf(jobId), roomy)
      await queue.take('p', ['completion'])
      await queue.remove('p', 'completion', 'removed.1')
      const asked = ['wait.2', 'taken.1', 'wait.1', 'removed.1', 'never.1']
      expect(await queue.unknown('p', 'completion', asked)).toEqual(['taken.1', 'removed.1', 'never.1'])
      expect(await queue.unknown('p', 'completion', [])).toEqual([])
    })

    test('lengths count what waits, in each lane asked for, whatever its rank', async () => {
      const empty = { jobs: 0, bytes: 0, tokens: 0, oldestAddedAt: null }
      expect(await lengthOf(queue)).toEqual(empty)
      const from = Date.now()
      await queue.add(jobOf('old.1', { cost: 9, bytes: 3, tokens: 100 }), roomy)
      const to = Date.now()
      await vi.waitUntil(() => Date.now() > to)
      await queue.add(jobOf('urgent.1', { resumed: true, bytes: 4, tokens: 1 }), roomy)
      const [background, length] = await queue.lengths([
        { pool: 'p', lane: 'background' },
        { pool: 'p', lane: 'completion' },
      ])
      expect(background).toEqual(empty)
      expect(length).toEqual({ jobs: 2, bytes: 7, tokens: 101, oldestAddedAt: expect.any(Number) })
      expect(length!.oldestAddedAt).toBeGreaterThanOrEqual(from)
      expect(length!.oldestAddedAt).toBeLessThanOrEqual(to)
      await queue.remove('p', 'completion', 'old.1')
      expect((await lengthOf(queue)).oldestAddedAt).toBeGreaterThan(to)
      expect(await queue.lengths([])).toEqual([])
    })

    test('an id whose job was taken can be added again at once, as a new job', async () => {
      for (let n = 0; n < 20; n++) {
        expect(await queue.add(jobOf('a.1', { envelope: { n } }), roomy)).toMatchObject({ kind: 'added' })
        expect((await queue.take('p', ['completion']))?.envelope).toEqual({ n })
      }
      expect(await queue.take('p', ['completion'])).toBeNull()
    })

    test('nothing of a job remains after it was taken or removed', async () => {
      await queue.add(jobOf('taken.1', { envelope: { marker: 'SECRET-CONTENT' } }), roomy)
      await queue.add(jobOf('removed.1', { envelope: { marker: 'SECRET-CONTENT' } }), roomy)
      await queue.take('p', ['completion'])
      await queue.remove('p', 'completion', 'removed.1')
      await queue.close()
      expect(await harness.dump()).not.toContain('SECRET-CONTENT')
    })

    test('while the store is away calls say so within 300 ms, and work again by themselves', async () => {
      await queue.add(jobOf('before.1'), roomy)
      await harness.goAway()
      for (const call of [
        () => queue.add(jobOf('away.1'), roomy),
        () => queue.take('p', lanes),
        () => queue.remove('p', 'completion', 'before.1'),
        () => queue.lengths([{ pool: 'p', lane: 'completion' }]),
      ])
        await expectUnavailable(call)
      await harness.comeBack()
      await vi.waitFor(() => queue.add(jobOf('after.1'), roomy), { timeout: 2_000, interval: 20 })
      expect((await takeAll(queue)).map((job) => job.jobId)).toEqual(['before.1', 'after.1'])
    })

    test('while the store is frozen calls say so within 900 ms, and work again by themselves', async () => {
      await queue.add(jobOf('before.1'), roomy)
      await harness.freeze(2_500)
      await expectUnavailable(() => queue.add(jobOf('frozen.1'), roomy), 900)
      await expectUnavailable(() => queue.take('p', ['interactive']), 900)
      await vi.waitFor(() => queue.add(jobOf('after.1'), roomy), { timeout: 5_000, interval: 20 })
      const ids = (await takeAll(queue)).map((job) => job.jobId)
      expect(ids.filter((id) => id !== 'frozen.1')).toEqual(['before.1', 'after.1'])
    })

    test('a wiped store takes new jobs, and knows none of the old', async () => {
      await queue.add(jobOf('old.1'), roomy)
      await harness.wipe()
      const added = await vi.waitFor(() => queue.add(jobOf('new.1'), roomy), { timeout: 2_000, interval: 20 })
      expect(added).toMatchObject({ kind: 'added' })
      expect(await queue.unknown('p', 'completion', ['old.1', 'new.1'])).toEqual(['old.1'])
      expect((await takeAll(queue)).map((job) => job.jobId)).toEqual(['new.1'])
    })

    test('fields out of range are refused before anything is stored', async () => {
      for (const bad of ['', 'meta', '17', 'a:b.1', 'a b.1', `${'x'.repeat(200)}.1`])
        await expect(queue.add(jobOf(bad), roomy)).rejects.toThrow(RangeError)
      for (const cost of [0, -1, 1.5, Number.NaN, Infinity])
        await expect(queue.add(jobOf('a.1', { cost }), roomy)).rejects.toThrow(RangeError)
      for (const owner of [{ user: 'a b' }, { tenant: '' }, { replaceKey: '\n' }])
        await expect(queue.add(jobOf('a.1', owner), roomy)).rejects.toThrow(RangeError)
      await expect(queue.add(jobOf('a.1', { pool: 'p}:x' }), roomy)).rejects.toThrow(RangeError)
      expect((await lengthOf(queue)).jobs).toBe(0)
    })
  })
}

/** Bounds that refuse nothing. */
export const roomy: LineBounds = {
  perUserMax: Infinity,
  perTenantMax: Infinity,
  jobsMax: Infinity,
  bytesMax: Infinity,
  aheadMax: Infinity,
}

export function jobOf(jobId: string, fields: Partial<NewJob> = {}): NewJob {
  const { user = 'someone' } = fields
  return {
    jobId,
    pool: 'p',
    lane: 'completion',
    user,
    tenant: 't',
    cost: 1,
    resumed: false,
    askedAt: 0,
    envelope: fields.user === undefined ? { jobId } : { jobId, user },
    bytes: 10,
    tokens: 10,
    ...fields,
  }
}

async function lengthOf(queue: PoolQueue): Promise<LaneLength> {
  const [length] = await queue.lengths([{ pool: 'p', lane: 'completion' }])
  return length!
}

/** Numbers from 0 up to 1 that a seed repeats (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

async function takeAll(queue: PoolQueue): Promise<QueuedJob[]> {
  const jobs: QueuedJob[] = []
  for (let job = await queue.take('p', lanes); job !== null; job = await queue.take('p', lanes)) jobs.push(job)
  return jobs
}

async function expectUnavailable(call: () => Promise<unknown>, withinMs = 300): Promise<void> {
  const startedAt = performance.now()
  await expect(call()).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(performance.now() - startedAt).toBeLessThan(withinMs)
}
