import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestRedis } from '@penstock/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

let redis: Awaited<ReturnType<typeof startTestRedis>>
let folder: string
beforeAll(async () => {
  redis = await startTestRedis()
  folder = await mkdtemp(join(tmpdir(), 'penstock-cli-'))
})
afterAll(async () => {
  await redis.stop()
  await rm(folder, { recursive: true, force: true })
})

const run = async (...args: string[]): Promise<{ status: number; out: string; err: string }> => {
  const said = { out: '', err: '' }
  const outside = {
    environment: { REDIS_URL: redis.url, PENSTOCK_PREFIX: 'cli-test', USER: 'ann' },
    folder,
    out: (text: string) => void (said.out += text),
    err: (text: string) => void (said.err += text),
  }
  const status = await runCli(args, outside)
  return { status, ...said }
}

const document = (inFlightMax: number): string => `
nodes:
  - { name: gpu-1, url: "http://gpu-1:8000/v1", inFlightMax: ${inFlightMax} }
pools:
  - { name: main, nodes: [gpu-1] }
models:
  - { name: coder, family: codestral, servedName: coder-32b, pool: main }
`

test('a configuration is applied, shown, compared, rolled back and listed', async () => {
  await writeFile(join(folder, 'a.yaml'), document(16))
  await writeFile(join(folder, 'b.yaml'), document(32))
  expect(await run('config', 'show')).toMatchObject({
    status: 1,
    err: 'penstock: the store is empty: nothing was applied yet\n',
  })
  expect(await run('config', 'apply', 'a.yaml', '--note', 'first')).toEqual({
    status: 0,
    out: 'version 1 is stored\n',
    err: '',
  })
  expect(JSON.parse((await run('config', 'apply', 'b.yaml', '--author', 'bob', '--json')).out)).toEqual({
    ok: true,
    version: 2,
  })
  expect((await run('config', 'diff', '1', '2')).out).toBe('~ nodes[gpu-1].inFlightMax: 16 -> 32\n')
  expect((await run('config', 'diff', '1')).out).toBe('~ nodes[gpu-1].inFlightMax: 16 -> 32\n')
  expect((await run('config', 'rollback', '1')).out).toBe('version 3 is stored\n')
  expect((await run('config', 'diff', '1', '3')).out).toBe('versions 1 and 3 are the same\n')
  expect(JSON.parse((await run('config', 'history', '--json')).out)).toMatchObject([
    { version: 3, author: 'ann', note: 'rollback to version 1' },
    { version: 2, author: 'bob' },
    { version: 1, author: 'ann', note: 'first' },
  ])
  expect((await run('config', 'history')).out.split('\n')[2]).toMatch(/^ {5}1 {2}\d{4}-.*Z {2}ann {2}first$/)
})

test('what somebody wrote into the store cannot act on the terminal of whoever reads it (R9)', async () => {
  await writeFile(join(folder, 'evil.yaml'), document(16))
  const note = '\u001B[2Jcleared\r\u009B31m'
  await run('config', 'apply', 'evil.yaml', '--author', 'mal\u202Elory', '--note', note)
  const { out } = await run('config', 'history')
  expect(out.split('\n')[0]).toMatch(/mal\uFFFDlory {2}\uFFFD\[2Jcleared\uFFFD\uFFFD31m$/)
  expect(JSON.parse((await run('config', 'history', '--json')).out)).toMatchObject([{ note }, {}, {}, {}])
})

test('what show prints can be applied again', async () => {
  const { out } = await run('config', 'show', '2')
  await writeFile(join(folder, 'shown.yaml'), out)
  const { version } = JSON.parse((await run('config', 'apply', 'shown.yaml', '--json')).out) as { version: number }
  expect((await run('config', 'diff', '2', String(version))).out).toContain('are the same')
})

test('a wrong file, a stale expectation and an unknown version change nothing and say why', async () => {
  await writeFile(join(folder, 'bad.yaml'), document(0))
  const before = (await run('config', 'history')).out
  expect(await run('config', 'apply', 'bad.yaml')).toMatchObject({
    status: 1,
    err: expect.stringMatching(/^bad\.yaml:3:\d+ nodes\[0\]\.inFlightMax: /),
  })
  expect(await run('config', 'apply', 'a.yaml', '--expect', '1')).toMatchObject({
    status: 1,
    err: expect.stringContaining('the store is at version'),
  })
  expect(await run('config', 'rollback', '99')).toMatchObject({
    status: 1,
    err: expect.stringContaining('no version 99'),
  })
  expect((await run('config', 'history')).out).toBe(before)
})
