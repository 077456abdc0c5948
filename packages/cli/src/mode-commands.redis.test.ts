import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestRedis } from '@penstock/testkit'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

let redis: Awaited<ReturnType<typeof startTestRedis>>
let folder: string
let prefix = 0
beforeAll(async () => {
  redis = await startTestRedis()
  folder = await mkdtemp(join(tmpdir(), 'penstock-cli-'))
  await writeFile(join(folder, 'penstock.yaml'), document)
})
afterAll(async () => {
  await redis.stop()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  prefix += 1
  await run('config', 'apply', 'penstock.yaml')
})

const document = `
nodes:
  - { name: gpu-1, url: "http://gpu-1:8000/v1" }
  - { name: gpu-2, url: "http://gpu-2:8000/v1" }
  - { name: pods, url: "http://pods.gpu.svc:8000/v1", discover: { kind: dns-address } }
pools:
  - { name: main, nodes: [gpu-1, gpu-2] }
  - { name: chat, nodes: [gpu-2, pods] }
models:
  - { name: coder, family: codestral, servedName: coder-32b, pool: main }
`

const run = async (...args: string[]): Promise<{ status: number; out: string; err: string }> => {
  const said = { out: '', err: '' }
  const status = await runCli(args, {
    environment: { REDIS_URL: redis.url, PENSTOCK_PREFIX: `mode-${prefix}`, USER: 'ann' },
    folder,
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  })
  return { status, ...said }
}
const change = async (from: number): Promise<string> => (await run('config', 'diff', String(from))).out

test('a pool is paused, drained and resumed as a change of the configuration, with who, when and why in its history', async () => {
  expect(await run('pool', 'pause', 'main', '--note', 'new disks')).toEqual({
    status: 0,
    out: 'pool main is paused, version 2\n',
    err: '',
  })
  expect(await change(1)).toBe('~ pools[main].mode: "active" -> "paused"\n')
  expect((await run('pool', 'drain', 'main', '--author', 'bob')).out).toBe('pool main is draining, version 3\n')
  expect((await run('pool', 'resume', 'main')).out).toBe('pool main is active, version 4\n')
  expect(await change(1)).toBe('versions 1 and 4 are the same\n')
  expect(JSON.parse((await run('config', 'history', '--json')).out)).toMatchObject([
    { version: 4, author: 'ann', at: expect.any(Number), note: 'pool main: draining -> active' },
    { version: 3, author: 'bob', note: 'pool main: paused -> draining' },
    { version: 2, author: 'ann', note: 'pool main: active -> paused; new disks' },
    { version: 1 },
  ])
})

test('a node is named by its URL in any spelling, or by its name, and what else it serves is told', async () => {
  expect((await run('node', 'drain', 'main', 'HTTP://GPU-1:8000/v1/')).out).toBe(
    'node gpu-1 (http://gpu-1:8000/v1) is draining, version 2\n',
  )
  expect((await run('node', 'pause', 'main', 'gpu-2')).out).toBe(
    'node gpu-2 (http://gpu-2:8000/v1) is paused, version 3; it serves chat too\n',
  )
  expect((await run('node', 'resume', 'main', 'gpu-1')).out).toContain('is active, version 4')
  expect(await change(1)).toBe('~ nodes[gpu-2].mode: "active" -> "paused"\n')
})

test('what is so already changes nothing: no version is made', async () => {
  expect(await run('pool', 'resume', 'main')).toMatchObject({ status: 0, out: 'pool main is active already\n' })
  await run('pool', 'pause', 'main')
  expect(JSON.parse((await run('pool', 'pause', 'main', '--json')).out)).toEqual({
    ok: true,
    changed: false,
    version: 2,
  })
})

test('changes at the same time are all kept', async () => {
  const all = await Promise.all([
    run('pool', 'pause', 'main'),
    run('pool', 'drain', 'chat'),
    run('node', 'drain', 'main', 'gpu-1'),
    run('node', 'pause', 'chat', 'pods'),
  ])
  expect(all.map(({ status }) => status)).toEqual([0, 0, 0, 0])
  expect(await change(1)).toBe(
    [
      '~ nodes[gpu-1].mode: "active" -> "draining"',
      '~ nodes[pods].mode: "active" -> "paused"',
      '~ pools[main].mode: "active" -> "paused"',
      '~ pools[chat].mode: "active" -> "draining"\n',
    ].join('\n'),
  )
})

test('a pool or node that does not exist is an error that lists what there is', async () => {
  expect(await run('pool', 'pause', 'mian')).toEqual({
    status: 1,
    out: '',
    err: 'penstock: no pool is named "mian": there is main, chat\n',
  })
  expect((await run('node', 'drain', 'x', 'gpu-1')).err).toContain('no pool is named "x"')
  expect((await run('node', 'drain', 'main', 'http://gpu-3:8000')).err).toBe(
    'penstock: pool main has no node "http://gpu-3:8000": it has gpu-1 (http://gpu-1:8000/v1), gpu-2 (http://gpu-2:8000/v1)\n',
  )
  expect((await run('node', 'drain', 'chat', 'http://10.0.0.5:8000')).err).toContain(
    'pods stands for all that DNS names: a single one drains when it leaves its service there',
  )
  expect(await run('pool', 'stop', 'main')).toMatchObject({ status: 2 })
  prefix += 1000
  expect((await run('pool', 'pause', 'main')).err).toBe('penstock: the store is empty: nothing was applied yet\n')
})
