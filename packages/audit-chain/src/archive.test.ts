import { generateKeyPairSync } from 'node:crypto'
import { appendFile, mkdir, readFile, readdir, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { Checkpoint } from './checkpoint.ts'
import { MerkleAccumulator } from './merkle.ts'
import { listSegments, segmentPath } from './segment-files.ts'
import {
  accepted,
  completed,
  openTestArchive,
  openTestLog,
  recordsIn,
  resealed,
  temporaryDir,
  writerLines,
} from './test-support.ts'
import { verifyArchive } from './verify.ts'

const archivedAt = (dir: string, writerId: string) => join(dir, 'writers', writerId)

const checkpointsIn = async (dir: string) =>
  (await readFile(join(dir, 'checkpoints.jsonl'), 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map((line) => Checkpoint.parse(JSON.parse(line)))

test('a log shipped batch by batch, with lost answers and restarts, is archived exactly and verifies', async () => {
  await using logDir = await temporaryDir()
  await using archiveDir = await temporaryDir()
  await using log = await openTestLog(logDir.path, { segmentBytes: 1500 })
  const all: string[] = []
  for (let round = 0; round < 6; round += 1) {
    await using archive = await openTestArchive(archiveDir.path, { segmentBytes: 3000, checkpointEveryRecords: 10 })
    await Promise.all([0, 1, 2, 3, 4].map((at) => log.append(accepted(`r${round}-${at}`))))
    await Promise.all([0, 1, 2].map((at) => log.append(completed(`r${round}-${at}`))))
    for (let seq = log.ackedSeq + 1; seq <= log.durableSeq;) {
      const { records, nextSeq } = await log.read(seq, { bytesMax: 900 })
      const answer = await archive.append(log.writerId, records)
      expect(answer).toEqual({ kind: 'archived', durableSeq: nextSeq - 1 })
      expect(await archive.append(log.writerId, records)).toEqual(answer)
      all.push(...records)
      seq = nextSeq
    }
    await log.free(log.durableSeq)
  }
  const segments = await listSegments(archivedAt(archiveDir.path, log.writerId))
  const texts = await Promise.all(segments.map(({ path }) => readFile(path, 'utf8')))
  expect(texts.join('')).toBe(`${all.join('\n')}\n`)
  const report = await verifyArchive({ dir: archiveDir.path })
  expect(report).toMatchObject({ ok: true, requests: { accepted: 30, completed: 18, open: 12 } })
  expect(report.writers).toMatchObject([{ firstSeq: 0, lastSeq: 48, records: 49, signedRecords: 49 }])
})

test('refuses a gap, a broken batch, another writer and another history, and writes nothing of them', async () => {
  await using dir = await temporaryDir()
  await using archive = await openTestArchive(dir.path)
  const lines = writerLines('w1', 20)
  const refusal = async (batch: readonly string[]) => archive.append('w1', batch)
  expect(await refusal(lines.slice(1, 5))).toMatchObject({ kind: 'refused', reason: 'gap', expectedSeq: 0 })
  expect(await refusal(lines.slice(0, 10))).toEqual({ kind: 'archived', durableSeq: 9 })
  expect(await refusal(lines.slice(11, 15))).toMatchObject({ reason: 'gap', expectedSeq: 10 })
  expect(await refusal([lines[10]!, lines[12]!])).toMatchObject({ reason: 'broken_batch', expectedSeq: 10 })
  expect(await refusal([lines[10]!.replace('main', 'mine')])).toMatchObject({ reason: 'broken_batch' })
  expect(await refusal([lines[10]!, 'nonsense'])).toMatchObject({ reason: 'broken_batch' })
  expect(await archive.append('w2', lines.slice(0, 2))).toMatchObject({ reason: 'broken_batch', expectedSeq: 0 })
  const other = resealed(
    lines.map((line, at) => (at === 5 ? line.replace('main', 'mine') : line)),
    5,
  )
  expect(await refusal(other.slice(10, 12))).toMatchObject({ reason: 'conflict', expectedSeq: 10 })
  expect(await refusal(other.slice(0, 12))).toMatchObject({ reason: 'conflict', expectedSeq: 10 })
  expect(await refusal(other.slice(0, 8))).toMatchObject({ reason: 'conflict', expectedSeq: 10 })
  expect(await refusal(other.slice(0, 10))).toMatchObject({ reason: 'conflict', expectedSeq: 10 })
  expect(await refusal(lines.slice(2, 8))).toEqual({ kind: 'archived', durableSeq: 9 })
  expect(await refusal(lines.slice(7, 12))).toEqual({ kind: 'archived', durableSeq: 11 })
  expect((await recordsIn(archivedAt(dir.path, 'w1'))).length).toBe(12)
})

test('a writer id that is no name is refused before it becomes a path', async () => {
  await using dir = await temporaryDir()
  await using archive = await openTestArchive(dir.path)
  await expect(archive.append('../escape', writerLines('w1', 1))).rejects.toThrow(/pattern/)
  expect((await readdir(dir.path)).sort()).not.toContain('escape')
})

test('full segments are read-only, the private key is for its owner only', async () => {
  await using dir = await temporaryDir()
  await using archive = await openTestArchive(dir.path, { segmentBytes: 1000 })
  for (const line of writerLines('w1', 10)) await archive.append('w1', [line])
  const modes = await Promise.all(
    (await listSegments(archivedAt(dir.path, 'w1'))).map(async ({ path }) => (await stat(path)).mode & 0o777),
  )
  expect(modes.length).toBeGreaterThan(2)
  expect(modes.slice(0, -1).every((mode) => mode === 0o444)).toBe(true)
  expect(modes.at(-1)).toBe(0o600)
  const names = (await readdir(join(dir.path, 'keys'))).sort()
  expect(names).toEqual([`${archive.keyId}.pub.pem`, 'signing-key.pem'].sort())
  expect((await stat(join(dir.path, 'keys', 'signing-key.pem'))).mode & 0o777).toBe(0o600)
})

test('checkpoints come by number and by time, in one chain over all writers, with roots of exactly their records', async () => {
  await using dir = await temporaryDir()
  const lines = { w1: writerLines('w1', 20), w2: writerLines('w2', 5) }
  {
    await using archive = await openTestArchive(dir.path, { checkpointEveryRecords: 10 })
    await archive.append('w1', lines.w1.slice(0, 9))
    expect(await checkpointsIn(dir.path)).toEqual([])
    await archive.append('w1', lines.w1.slice(9, 12))
    await vi.waitFor(async () => expect((await checkpointsIn(dir.path)).length).toBe(1))
  }
  {
    await using archive = await openTestArchive(dir.path, { checkpointEveryMs: 10 })
    await archive.append('w1', lines.w1.slice(12, 15))
    await vi.waitFor(async () => expect((await checkpointsIn(dir.path)).length).toBe(2))
    await archive.append('w2', lines.w2)
  }
  const checkpoints = await checkpointsIn(dir.path)
  expect(checkpoints.map(({ writerId, treeSize }) => [writerId, treeSize])).toEqual([
    ['w1', 12],
    ['w1', 15],
    ['w2', 11],
  ])
  for (const { writerId, treeSize, rootHash } of checkpoints) {
    const tree = new MerkleAccumulator()
    for (const line of lines[writerId as 'w1' | 'w2'].slice(0, treeSize)) tree.append(Buffer.from(line))
    expect(rootHash).toBe(tree.rootHash())
  }
  expect((await verifyArchive({ dir: dir.path })).problems).toEqual([])
})

test('a batch and a checkpoint that a crash tore are cut, and the batch is taken when it is sent again', async () => {
  await using dir = await temporaryDir()
  const lines = writerLines('w1', 10)
  {
    await using archive = await openTestArchive(dir.path)
    await archive.append('w1', lines.slice(0, 10))
  }
  await appendFile(segmentPath(archivedAt(dir.path, 'w1'), 0), `${lines[10]}\n${lines[11]!.slice(0, 40)}`)
  await appendFile(join(dir.path, 'checkpoints.jsonl'), '{"at":')
  await using archive = await openTestArchive(dir.path)
  expect(await archive.append('w1', lines.slice(10, 15))).toEqual({ kind: 'archived', durableSeq: 14 })
  await archive.checkpoint()
  expect((await checkpointsIn(dir.path)).map(({ treeSize }) => treeSize)).toEqual([10, 15])
  expect((await verifyArchive({ dir: dir.path })).problems).toEqual([])
})

test('a writer whose archived records were changed is refused, the others go on', async () => {
  await using dir = await temporaryDir()
  {
    await using archive = await openTestArchive(dir.path)
    await archive.append('w1', writerLines('w1', 10))
    await archive.append('w2', writerLines('w2', 10).slice(0, 5))
  }
  const path = segmentPath(archivedAt(dir.path, 'w1'), 0)
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1)
  const forged = resealed(
    lines.map((line, at) => (at === 3 ? line.replace('main', 'mine') : line)),
    3,
  )
  await writeFile(path, `${forged.join('\n')}\n`)
  await using archive = await openTestArchive(dir.path)
  expect([...archive.damaged.keys()]).toEqual(['w1'])
  expect(await archive.append('w1', lines.slice(0, 2))).toMatchObject({ reason: 'archive_damaged' })
  expect(await archive.append('w2', writerLines('w2', 10))).toEqual({ kind: 'archived', durableSeq: 20 })
})

test('a disk that fails throws, and the batch is taken when it works again', async () => {
  await using dir = await temporaryDir()
  await using archive = await openTestArchive(dir.path, { segmentBytes: 100 })
  const lines = writerLines('w1', 10)
  await archive.append('w1', lines.slice(0, 3))
  const blocked = segmentPath(archivedAt(dir.path, 'w1'), 3)
  await mkdir(blocked)
  await expect(archive.append('w1', lines.slice(3, 6))).rejects.toMatchObject({ code: 'EISDIR' })
  await rmdir(blocked)
  expect(await archive.append('w1', lines.slice(3, 6))).toEqual({ kind: 'archived', durableSeq: 5 })
})

test('signs with a given key, and only that key verifies then', async () => {
  await using dir = await temporaryDir()
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  {
    await using archive = await openTestArchive(dir.path, { signingKey: privateKey })
    await archive.append('w1', writerLines('w1', 3))
  }
  expect(await readdir(join(dir.path, 'keys'))).not.toContain('signing-key.pem')
  expect(await verifyArchive({ dir: dir.path, publicKey })).toMatchObject({ ok: true, keySource: 'given' })
  const other = generateKeyPairSync('ed25519').publicKey
  expect((await verifyArchive({ dir: dir.path, publicKey: other })).problems).toMatchObject([
    { kind: 'bad_signature', line: 1 },
  ])
})

test('writers beyond the bound are refused', async () => {
  await using dir = await temporaryDir()
  await using archive = await openTestArchive(dir.path, { writersMax: 1 })
  await archive.append('w1', writerLines('w1', 1))
  expect(await archive.append('w2', writerLines('w2', 1))).toMatchObject({ reason: 'too_many_writers' })
})
