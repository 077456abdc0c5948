import fc from 'fast-check'
import { chmod, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ChainCheck } from './chain-check.ts'
import { AuditRecord, checkLine, genesisHash, sealRecord, type RecordType } from './record.ts'
import { listSegments } from './segment-files.ts'
import { openTestArchive, resealed, temporaryDir, writerLines } from './test-support.ts'
import { verifyArchive } from './verify.ts'
import type { VerifyProblem } from './verify-report.ts'

/** An archive of one writer with 61 records, checkpoints at 40 and 61, and `change` made to its lines by hand. */
const changedArchive = async (change: (lines: string[]) => string[], segmentBytes = 1_000_000) => {
  const dir = await temporaryDir()
  const lines = writerLines('w1', 30)
  {
    await using archive = await openTestArchive(dir.path, { segmentBytes })
    await archive.append('w1', lines.slice(0, 40))
    await archive.checkpoint()
    await archive.append('w1', lines.slice(40))
  }
  const segments = await listSegments(join(dir.path, 'writers', 'w1'))
  if (segments.length === 1) {
    await chmod(segments[0]!.path, 0o600)
    await writeFile(
      segments[0]!.path,
      change(lines)
        .map((line) => `${line}\n`)
        .join(''),
    )
  }
  return { dir, segments }
}

const problemsAfter = async (change: (lines: string[]) => string[]): Promise<readonly VerifyProblem[]> => {
  const { dir } = await changedArchive(change)
  await using _dir = dir
  return (await verifyArchive({ dir: dir.path })).problems
}

const at = 20
const edit = (line: string): string => line.replace('main', 'mine')
const sealedAgain = (lines: readonly string[], seq: number): string[] =>
  lines.map((line, index) => (index === seq ? resealed([...lines.slice(0, seq), edit(line)], seq)[seq]! : line))

test('an unchanged archive verifies, every record signed, every request ended', async () => {
  const { dir } = await changedArchive((lines) => lines)
  await using _dir = dir
  expect(await verifyArchive({ dir: dir.path })).toEqual({
    ok: true,
    keySource: 'archive',
    writers: [{ writerId: 'w1', records: 61, firstSeq: 0, lastSeq: 60, checkpoints: 2, signedRecords: 61 }],
    requests: {
      accepted: 30,
      refused: 0,
      completed: 30,
      failed: 0,
      clientGone: 0,
      cancelled: 0,
      unknownCrash: 0,
      open: 0,
      missingTerminal: 0,
      duplicateTerminal: 0,
    },
    problems: [],
    problemsLeftOut: 0,
  })
})

const file = 'writers/w1/0000000000000000.jsonl'

test.each<[string, (lines: string[]) => string[], Partial<VerifyProblem>]>([
  ['an edited record', (l) => l.with(at, edit(l[at]!)), { kind: 'edited', seq: at, line: at + 1 }],
  ['an edited record with its hash made anew', (l) => sealedAgain(l, at), { kind: 'edited', seq: at, line: at + 1 }],
  [
    'a record that is no JSON any more',
    (l) => l.with(at, l[at]!.slice(1)),
    { kind: 'malformed', seq: at, line: at + 1 },
  ],
  ['white space in a record', (l) => l.with(at, `${l[at]!} `), { kind: 'malformed', seq: at, line: at + 1 }],
  ['a removed record', (l) => l.toSpliced(at, 1), { kind: 'removed', seq: at, line: at + 1 }],
  ['several removed records', (l) => l.toSpliced(at, 5), { kind: 'removed', seq: at, line: at + 1 }],
  ['the first record removed', (l) => l.slice(1), { kind: 'removed', seq: 0, line: 1 }],
  ['two records swapped', (l) => l.with(at, l[at + 1]!).with(at + 1, l[at]!), { kind: 'reordered', seq: at }],
  ['a record moved far', (l) => l.toSpliced(at, 1).toSpliced(50, 0, l[at]!), { kind: 'reordered', seq: at }],
  ['a record put in twice', (l) => l.toSpliced(30, 0, l[at]!), { kind: 'inserted', seq: at, line: 31 }],
  ['a foreign line put in', (l) => l.toSpliced(at, 0, 'hello'), { kind: 'malformed', seq: at, line: at + 1 }],
  [
    'a forged record put in that fits the chain',
    (l) => l.toSpliced(at, 0, sealedAgain(l, at)[at]!),
    { kind: 'inserted', seq: at, line: at + 2 },
  ],
  ['the tail cut below the last checkpoint', (l) => l.slice(0, 50), { kind: 'truncated', seq: 50, line: 50 }],
  ['all records gone', () => [], { kind: 'truncated', seq: 0, line: 0 }],
  [
    'a record of another writer',
    (l) => l.toSpliced(at, 0, writerLines('w2', 30)[at]!),
    { kind: 'inserted', seq: at, line: at + 1 },
  ],
])('%s is found, named first and once', async (_, change, expected) => {
  const problems = await problemsAfter(change)
  expect(problems[0]).toMatchObject({ writerId: 'w1', ...(expected.line === 0 ? {} : { file }), ...expected })
  const aboutChain = problems.filter(({ kind }) => !/accepted|terminal/.test(kind))
  expect(aboutChain.length).toBe(1)
})

test('a chain made anew from a record on is found by the signed root, in the span of its checkpoint', async () => {
  const problems = await problemsAfter((lines) => resealed(lines.with(at, edit(lines[at]!)), at))
  expect(problems).toMatchObject([{ kind: 'root_mismatch', seq: 0, line: 40 }])
  const late = await problemsAfter((lines) => resealed(lines.with(50, edit(lines[50]!)), 50))
  expect(late).toMatchObject([{ kind: 'root_mismatch', seq: 40, line: 61 }])
})

test('any single change of a signed line is a problem at or before the next record', async () => {
  const lines = writerLines('w1', 30)
  const change = fc.record({ seq: fc.nat(59), byte: fc.nat(200), flip: fc.integer({ min: 1, max: 255 }) })
  fc.assert(
    fc.property(change, ({ seq, byte, flip }) => {
      const problems: VerifyProblem[] = []
      const chain = new ChainCheck('w1', (problem) => problems.push(problem))
      for (const [index, line] of lines.entries()) {
        const bytes = Buffer.from(line)
        if (index === seq) bytes[byte] = bytes[byte]! ^ flip
        chain.take(checkLine(bytes), { file: 'f', line: index + 1 })
      }
      expect(problems).toMatchObject([{ seq, line: seq + 1 }])
    }),
  )
})

test('a segment that is missing, and one cut in the middle of a line, are found', async () => {
  const { dir, segments } = await changedArchive((lines) => lines, 3000)
  await using _dir = dir
  expect(segments.length).toBe(2)
  await chmod(segments[0]!.path, 0o600)
  await truncate(segments[0]!.path, (await readFile(segments[0]!.path)).length - 10)
  expect((await verifyArchive({ dir: dir.path })).problems[0]).toMatchObject({ kind: 'malformed', seq: 39, line: 40 })
  await rm(segments[0]!.path)
  expect((await verifyArchive({ dir: dir.path })).problems[0]).toMatchObject({ kind: 'removed', seq: 0, line: 1 })
})

test('a folder that is gone is found through its checkpoints', async () => {
  const { dir } = await changedArchive((lines) => lines)
  await using _dir = dir
  await rm(join(dir.path, 'writers', 'w1'), { recursive: true })
  expect((await verifyArchive({ dir: dir.path })).problems).toMatchObject([
    { kind: 'truncated', seq: 0, writerId: 'w1' },
  ])
})

test('a checkpoint that was changed, removed or swapped is found', async () => {
  const { dir } = await changedArchive((lines) => lines)
  await using _dir = dir
  const path = join(dir.path, 'checkpoints.jsonl')
  const [first, second] = (await readFile(path, 'utf8')).split('\n') as [string, string]
  const problemsOf = async (text: string) => {
    await writeFile(path, text)
    return (await verifyArchive({ dir: dir.path })).problems.map(({ kind, line, file: at }) => [kind, line, at])
  }
  expect(await problemsOf(`${first.replace('"treeSize":40', '"treeSize":41')}\n${second}\n`)).toEqual([
    ['bad_signature', 1, 'checkpoints.jsonl'],
    ['bad_checkpoint', 2, 'checkpoints.jsonl'],
  ])
  expect(await problemsOf(`${second}\n`)).toEqual([['bad_checkpoint', 1, 'checkpoints.jsonl']])
  expect(await problemsOf(`${second}\n${first}\n`)).toEqual([
    ['bad_checkpoint', 1, 'checkpoints.jsonl'],
    ['bad_checkpoint', 2, 'checkpoints.jsonl'],
  ])
})

test('requests that end twice, never, unaccepted, or are accepted twice are named', async () => {
  await using dir = await temporaryDir()
  const facts: [RecordType, string?][] = [
    ['writer.started'],
    ['request.accepted', 'twice-ended'],
    ['response.completed', 'twice-ended'],
    ['response.failed', 'twice-ended'],
    ['request.accepted', 'never-ended'],
    ['request.accepted', 'twice-accepted'],
    ['request.accepted', 'twice-accepted'],
    ['response.cancelled', 'twice-accepted'],
    ['response.client_gone', 'unaccepted'],
    ['request.refused', 'refused'],
    ['writer.started'],
    ['request.accepted', 'under-way'],
  ]
  let prev = genesisHash
  const lines = facts.map(([type, requestId], seq) => {
    const id = requestId === undefined ? {} : { requestId }
    const { line } = sealRecord({
      seq,
      writerId: 'w1',
      at: new Date(seq).toISOString(),
      type,
      ...id,
      dataJson: '{}',
      prev,
    })
    prev = AuditRecord.parse(JSON.parse(line)).hash
    return line
  })
  {
    await using archive = await openTestArchive(dir.path)
    await archive.append('w1', lines)
  }
  const report = await verifyArchive({ dir: dir.path })
  expect(report.ok).toBe(false)
  expect(report.problems.map(({ kind, seq }) => [kind, seq])).toEqual([
    ['duplicate_terminal', 3],
    ['accepted_twice', 6],
    ['terminal_without_accepted', 8],
    ['missing_terminal', 4],
  ])
  expect(report.requests).toMatchObject({
    accepted: 5,
    refused: 1,
    open: 1,
    missingTerminal: 1,
    duplicateTerminal: 1,
    clientGone: 1,
  })
})
