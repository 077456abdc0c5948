import { generateKeyPairSync } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openArchive, openAuditLog } from '@penstock/audit-chain'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

const run = async (...args: string[]): Promise<{ status: number; out: string; err: string }> => {
  const said = { out: '', err: '' }
  const status = await runCli(args, {
    environment: { REDIS_URL: 'redis://127.0.0.1:1' },
    folder,
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  })
  return { status, ...said }
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-cli-'))
  await archiveOfOneRequest(join(folder, 'archive'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Records one request in a log and archives it, as ingress and audit service do. */
const archiveOfOneRequest = async (dir: string): Promise<void> => {
  await using log = await openAuditLog({
    dir: join(folder, 'log'),
    capacityBytes: 10_000_000,
    segmentBytes: 1_000_000,
    endRecordBytesMax: 2048,
    clock: Date.now,
  })
  const ids = { requestId: 'r1', correlationId: 'c1' }
  await log.append({ type: 'request.accepted', ...ids, data: { pool: 'main' } })
  await log.append({ type: 'response.completed', ...ids, data: { tokens: 3 } })
  await using archive = await openArchive({
    dir,
    segmentBytes: 1_000_000,
    clock: Date.now,
    onCheckpointFailure: (error) => {
      throw error
    },
  })
  const { records } = await log.read(log.firstSeq, { bytesMax: 1_000_000 })
  await archive.append(log.writerId, records)
  await archive.checkpoint()
}

test('the version is that of the package', async () => {
  expect(await run('--version')).toEqual({ status: 0, out: '0.1.0\n', err: '' })
})

test('what cannot be understood is said in one line, with status 2', async () => {
  expect(await run('config', 'bogus')).toEqual({ status: 2, out: '', err: "penstock: unknown command 'bogus'\n" })
  expect(await run('audit', 'verify')).toMatchObject({
    status: 2,
    err: expect.stringMatching(/^penstock: .*--dir.*\n$/),
  })
  expect(await run('config', 'diff', 'x')).toMatchObject({ status: 2, err: expect.stringContaining('whole number') })
})

test('an intact archive verifies, for people and for programs', async () => {
  const text = await run('audit', 'verify', '--dir', 'archive')
  expect(text).toMatchObject({ status: 0, err: '' })
  expect(text.out).toContain('complete and unaltered')
  expect(text.out).toContain('1 accepted: 1 completed')
  const json = await run('audit', 'verify', '--dir', 'archive', '--json')
  expect(JSON.parse(json.out)).toMatchObject({ ok: true, keySource: 'archive', requests: { accepted: 1 } })
})

test('a key of someone else does not verify, and status 1 says so', async () => {
  const { publicKey } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  await writeFile(join(folder, 'key.pem'), publicKey)
  expect(await run('audit', 'verify', '--dir', 'archive', '--key', 'key.pem')).toMatchObject({ status: 1, out: '' })
})

test('a changed record is named, with status 1', async () => {
  const dir = join(folder, 'archive', 'writers')
  const [writer] = await readdir(dir)
  const [segment] = await readdir(join(dir, writer ?? ''))
  const file = join(dir, writer ?? '', segment ?? '')
  const text = await readFile(file, 'utf8')
  await chmod(file, 0o600)
  await writeFile(file, text.replace('"main"', '"mine"'))
  try {
    const { status, err } = await run('audit', 'verify', '--dir', 'archive')
    expect(status).toBe(1)
    expect(err).toContain('NOT intact')
    expect(err).toMatch(new RegExp(`first bad record: seq \\d+ of writer ${writer}`))
    expect(await run('audit', 'verify', '--dir', 'archive', '--json')).toMatchObject({
      status: 1,
      out: expect.stringContaining('"ok": false'),
    })
  } finally {
    await writeFile(file, text)
  }
})

test('a folder without an archive, a missing file and a store that is away are each one clear line', async () => {
  expect(await run('audit', 'verify', '--dir', 'nowhere')).toMatchObject({
    status: 1,
    err: `penstock: no audit archive in ${folder}/nowhere\n`,
  })
  expect(await run('config', 'check', 'nowhere.yaml')).toMatchObject({
    status: 1,
    err: expect.stringMatching(/^penstock: nowhere\.yaml cannot be read: .*\n$/),
  })
  expect(await run('config', 'show')).toMatchObject({
    status: 1,
    err: 'penstock: no configuration store at redis://127.0.0.1:1 (ECONNREFUSED): set REDIS_URL\n',
  })
})

test('a file is checked without a store: problems come with file, line and path', async () => {
  await writeFile(join(folder, 'bad.yaml'), 'nodes: []\npools:\n  - name: main\n    nodes: [gpu9]\nmodels: []\n')
  expect(await run('config', 'check', 'bad.yaml')).toMatchObject({
    status: 1,
    out: '',
    err: 'bad.yaml:4:13 pools[0].nodes[0]: no node is named "gpu9"\n',
  })
  await writeFile(join(folder, 'good.yaml'), 'nodes: []\npools: []\nmodels: []\n')
  expect(await run('config', 'check', 'good.yaml')).toEqual({ status: 0, out: 'good.yaml is valid\n', err: '' })
  expect(JSON.parse((await run('config', 'check', 'bad.yaml', '--json')).out)).toMatchObject({
    ok: false,
    problems: [{ line: 4 }],
  })
})

test('documentation is indexed and asked offline; a folder that holds none is one clear line', async () => {
  await mkdir(join(folder, 'doc', 'ci'), { recursive: true })
  await writeFile(join(folder, 'doc', 'ci', 'runners.md'), '# Runners\n\n## Register a runner\n\nRun the command.\n')
  const built = await run('docs', 'index', 'doc', '--release', '18.9', '--instance', 'https://gitlab.example.test')
  expect(built).toMatchObject({ status: 0, out: expect.stringMatching(/^1 sections of 1 pages are in gitlab-docs/) })
  expect(await run('docs', 'search', 'how', 'to', 'register', 'runners')).toMatchObject({
    status: 0,
    out: '# Runners > Register a runner\n  https://gitlab.example.test/help/ci/runners.md#register-a-runner\n',
  })
  expect(await run('docs', 'search', 'xylophone')).toMatchObject({ status: 1, err: 'penstock: nothing found\n' })
  expect(await run('docs', 'index', 'nowhere')).toEqual({
    status: 1,
    out: '',
    err: `penstock: there is no folder ${folder}/nowhere\n`,
  })
  expect(await run('docs', 'index', 'doc', '--instance', 'gitlab')).toMatchObject({
    status: 2,
    err: expect.stringContaining('http or https URL'),
  })
  expect(await run('docs', 'search', '--index', 'doc/ci/runners.md', 'x')).toMatchObject({
    status: 1,
    err: expect.stringMatching(/is no documentation index.*docs index DIR\n$/),
  })
})
