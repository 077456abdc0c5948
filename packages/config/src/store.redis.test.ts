import { startTestRedis } from '@penstock/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { ConfigDocumentInput } from './document.ts'
import { connectConfigRedis } from './redis-connection.ts'
import { seedConfig } from './seed.ts'
import { ConfigStore } from './store.ts'
import { type ConfigWatchProblem, watchConfig } from './watch.ts'

let server: Awaited<ReturnType<typeof startTestRedis>>
let redis: Redis
let store: ConfigStore
beforeAll(async () => {
  server = await startTestRedis()
  redis = await connected()
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})
beforeEach(async () => {
  await redis.flushall()
  store = new ConfigStore({}, { redis, now: () => 1234 })
})

describe('ConfigStore', () => {
  test('gives back what was applied, frozen, under versions that count up', async () => {
    expect(await store.load()).toBeNull()
    expect(await store.apply(withJobsMax(1), { author: 'ann', note: 'first' })).toEqual({ kind: 'applied', version: 1 })
    expect(await store.apply(withJobsMax(2), { author: 'bob' })).toEqual({ kind: 'applied', version: 2 })
    const loaded = await store.load()
    expect(loaded).toMatchObject({ version: 2, document: { pools: [{ queue: { jobsMax: 2 } }] } })
    expect(() => ((loaded!.document.pools[0]!.queue as { jobsMax: number }).jobsMax = 3)).toThrow(TypeError)
    expect(await store.history()).toEqual([
      { version: 2, at: 1234, author: 'bob', note: '' },
      { version: 1, at: 1234, author: 'ann', note: 'first' },
    ])
    expect(await store.get(1)).toMatchObject({
      version: 1,
      author: 'ann',
      document: { pools: [{ queue: { jobsMax: 1 } }] },
    })
    expect(await store.get(3)).toBeNull()
  })

  test('an invalid document is not stored', async () => {
    expect(await store.apply({ ...withJobsMax(1), extra: 1 }, { author: 'ann' })).toEqual({
      kind: 'invalid',
      problems: [{ path: ['extra'], message: 'unknown key' }],
    })
    expect(await store.load()).toBeNull()
  })

  test('of many that expect the same version exactly one is applied', async () => {
    await store.apply(withJobsMax(1), { author: 'ann' })
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => store.apply(withJobsMax(n + 2), { author: 'x', expectedVersion: 1 })),
    )
    expect(answers.filter((answer) => answer.kind === 'applied')).toHaveLength(1)
    expect(answers.filter((answer) => answer.kind === 'conflict')).toHaveLength(7)
    expect((await store.load())?.version).toBe(2)
  })

  test('rollback makes the old content the newest version', async () => {
    for (const n of [1, 2, 3]) await store.apply(withJobsMax(n), { author: 'ann' })
    expect(await store.rollback(1, 'bob')).toEqual({ kind: 'applied', version: 4 })
    expect(await store.load()).toMatchObject({ version: 4, document: { pools: [{ queue: { jobsMax: 1 } }] } })
    expect((await store.history())[0]).toMatchObject({ version: 4, author: 'bob', note: 'rollback to version 1' })
    expect(await store.rollback(9, 'bob')).toEqual({ kind: 'unknown_version' })
  })

  test('keeps the last 100 versions', async () => {
    for (let n = 1; n <= 103; n++) await store.apply(withJobsMax(n), { author: 'ann' })
    const versions = (await store.history()).map((entry) => entry.version)
    expect([versions.length, versions[0], versions.at(-1)]).toEqual([100, 103, 4])
    expect(await redis.hlen('penstock:{config}:documents')).toBe(100)
  })

  test('restores a snapshot under its number into an empty store only', async () => {
    await store.apply(withJobsMax(1), { author: 'ann' })
    await store.apply(withJobsMax(2), { author: 'ann' })
    const snapshot = (await store.load())!
    expect(await store.restore(snapshot, 'router-1')).toBe(false)
    await redis.flushall()
    expect(await store.restore(snapshot, 'router-1')).toBe(true)
    expect(await store.load()).toEqual(snapshot)
    expect(await store.apply(withJobsMax(3), { author: 'ann' })).toEqual({ kind: 'applied', version: 3 })
  })

  test.each([
    ['changed by hand', (text: string) => text.replace('"jobsMax":1', '"jobsMax":7')],
    ['cut short', (text: string) => text.slice(0, 40)],
  ])('a document %s is refused', async (_, change) => {
    await store.apply(withJobsMax(1), { author: 'ann' })
    const key = 'penstock:{config}:documents'
    await redis.hset(key, '1', change((await redis.hget(key, '1'))!))
    await expect(store.load()).rejects.toMatchObject({ name: 'StoredConfigInvalid', version: 1 })
  })

  test('a document whose hash fits but whose content is no valid document is refused', async () => {
    const other = { version: 5, document: { nodes: [] } as never }
    expect(await store.restore(other, 'someone')).toBe(true)
    await expect(store.load()).rejects.toThrow('pools: is missing')
  })

  test('a store of another prefix is another store', async () => {
    await store.apply(withJobsMax(1), { author: 'ann' })
    expect(await new ConfigStore({ keyPrefix: 'other' }, { redis }).load()).toBeNull()
  })

  test('says that Redis is away at once', async () => {
    const away = connectConfigRedis({ url: 'redis://127.0.0.1:1', name: 'test' }, () => undefined)
    onTestFinished(() => away.disconnect())
    await expect(new ConfigStore({}, { redis: away }).load()).rejects.toMatchObject({ name: 'ConfigStoreUnavailable' })
  })
})

describe('seedConfig', () => {
  const yaml = JSON.stringify(withJobsMax(1))

  test('fills an empty store, once', async () => {
    const seeded = await Promise.all(Array.from({ length: 4 }, () => seedConfig(store, yaml, { file: 'p.yaml' })))
    expect(seeded.map((each) => each.kind).toSorted()).toEqual(['present', 'present', 'present', 'seeded'])
    expect((await store.history())[0]).toMatchObject({ version: 1, author: 'seed', note: 'seeded from p.yaml' })
  })

  test('names file and line of what is wrong, and stores nothing', async () => {
    expect(await seedConfig(store, 'nodes: 1', { file: 'p.yaml' })).toMatchObject({
      kind: 'invalid',
      text: expect.stringContaining('p.yaml:1:1 nodes'),
    })
    expect(await store.load()).toBeNull()
  })
})

describe('watchConfig', () => {
  test('shows every change within a second', async () => {
    await store.apply(withJobsMax(1), { author: 'ann' })
    const { watch, seen } = watching()
    expect(await watch.ready).toMatchObject({ version: 1 })
    for (const n of [2, 3, 4]) {
      const startedAt = performance.now()
      await store.apply(withJobsMax(n), { author: 'ann' })
      await vi.waitUntil(() => watch.current()?.version === n, { interval: 5, timeout: 2_000 })
      expect(performance.now() - startedAt).toBeLessThan(1_000)
    }
    expect(seen).toEqual([1, 2, 3, 4])
  })

  test('waits for a store that is empty at first', async () => {
    const { watch, problems } = watching(20)
    await vi.waitUntil(() => problems.length > 0)
    expect([watch.current(), problems[0]?.kind]).toEqual([null, 'empty'])
    await store.apply(withJobsMax(1), { author: 'ann' })
    expect((await watch.ready).version).toBe(1)
  })

  test('writes its snapshot back into a store that lost everything, and keeps following it', async () => {
    await store.apply(withJobsMax(1), { author: 'ann' })
    await store.apply(withJobsMax(2), { author: 'ann' })
    const watches = [watching(20), watching(20)]
    await Promise.all(watches.map(({ watch }) => watch.ready))
    await redis.flushall()
    await vi.waitUntil(async () => (await store.load()) !== null)
    expect(await store.load()).toMatchObject({ version: 2, document: { pools: [{ queue: { jobsMax: 2 } }] } })
    await store.apply(withJobsMax(3), { author: 'ann' })
    for (const { watch, seen } of watches) {
      await vi.waitUntil(() => watch.current()?.version === 3)
      expect(seen).toEqual([2, 3])
    }
    expect(watches.flatMap(({ problems }) => problems.map((problem) => problem.kind))).toEqual(['restored'])
  })

  test('keeps the last good snapshot while the stored one is invalid, and says so once', async () => {
    await store.apply(withJobsMax(1), { author: 'ann' })
    const { watch, problems } = watching(10)
    await watch.ready
    await redis.hset('penstock:{config}:documents', '2', '{}')
    await redis.set('penstock:{config}:stamp', '2:feedfeedfeedfeed')
    await vi.waitUntil(() => problems.length > 0)
    expect(watch.current()?.version).toBe(1)
    await store.apply(withJobsMax(3), { author: 'ann' })
    await vi.waitUntil(() => watch.current()?.version === 3)
    expect(problems.map((problem) => problem.kind)).toEqual(['invalid'])
  })

  test('follows a store that lost its latest versions, and says so', async () => {
    await store.apply(withJobsMax(1), { author: 'ann' })
    const older = (await store.stamp())!
    await store.apply(withJobsMax(2), { author: 'ann' })
    const { watch, problems } = watching(20)
    await watch.ready
    await redis.set('penstock:{config}:stamp', older)
    await vi.waitUntil(() => watch.current()?.version === 1)
    expect(problems.map((problem) => problem.kind)).toEqual(['went_back'])
  })

  test('keeps its snapshot while Redis is frozen, and goes on by itself', async () => {
    const own = await connected()
    onTestFinished(() => own.disconnect())
    await store.apply(withJobsMax(1), { author: 'ann' })
    const { watch, problems } = watching(20, new ConfigStore({}, { redis: own }))
    await watch.ready
    await redis.client('PAUSE', 1_500, 'ALL')
    await vi.waitUntil(() => problems.length > 0, { timeout: 3_000 })
    expect([watch.current()?.version, problems[0]?.kind]).toEqual([1, 'unavailable'])
    await vi.waitFor(() => store.apply(withJobsMax(2), { author: 'ann', expectedVersion: 1 }), { timeout: 5_000 })
    await vi.waitUntil(() => watch.current()?.version === 2, { timeout: 5_000 })
  })

  test('a listener that throws is reported and does not stop the watch', async () => {
    const problems: string[] = []
    const watch = watchConfig({
      store,
      everyMs: 10,
      onChange: () => {
        throw new Error('no')
      },
      onProblem: (problem) => problems.push(problem.kind),
    })
    onTestFinished(() => watch.stop())
    for (const n of [1, 2]) {
      await store.apply(withJobsMax(n), { author: 'ann' })
      await vi.waitUntil(() => watch.current()?.version === n)
    }
    expect(problems.filter((kind) => kind === 'listener_failed')).toHaveLength(2)
  })

  test('stopped before there was a configuration, it is never ready', async () => {
    const { watch } = watching(10)
    await watch.stop()
    await expect(watch.ready).rejects.toThrow('stopped')
  })
})

function watching(everyMs = 500, from = store) {
  const problems: ConfigWatchProblem[] = []
  const seen: number[] = []
  const watch = watchConfig({
    store: from,
    everyMs,
    onChange: ({ version }) => seen.push(version),
    onProblem: (problem) => problems.push(problem),
  })
  onTestFinished(() => watch.stop())
  return { watch, seen, problems }
}

async function connected(): Promise<Redis> {
  const connection = connectConfigRedis({ url: server.url, name: 'test' }, () => undefined)
  await vi.waitUntil(() => connection.status === 'ready')
  return connection
}

function withJobsMax(jobsMax: number): ConfigDocumentInput {
  return {
    nodes: [{ name: 'gpu1', url: 'http://gpu1:8000/v1' }],
    pools: [{ name: 'code', nodes: ['gpu1'], queue: { jobsMax } }],
    models: [{ name: 'codestral', family: 'codestral', servedName: 'codestral', pool: 'code' }],
  }
}
