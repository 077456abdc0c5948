import { appendFile, mkdir, readFile, readdir, rm, rmdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkLine } from './record.ts'
import { listSegments, segmentPath } from './segment-files.ts'
import { accepted, completed, linesOf, openTestLog, recordsIn, temporaryDir } from './test-support.ts'

const ids = (count: number, prefix = 'r') => Array.from({ length: count }, (_, at) => `${prefix}${at}`)

test('200 concurrent appenders get unique consecutive seqs of one intact chain', async () => {
  await using dir = await temporaryDir()
  await using log = await openTestLog(dir.path)
  const appended = await Promise.all(
    ids(200).map(async (id) => [await log.append(accepted(id)), await log.append(completed(id))]),
  )
  const seqs = appended.flat().map(({ seq }) => seq)
  expect(seqs.sort((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, at) => at + 1))
  expect(log.durableSeq).toBe(400)
  const records = (await linesOf(log)).map((line) => {
    const check = checkLine(Buffer.from(line))
    expect(check.kind).toBe('intact')
    return JSON.parse(line) as { prev: string; hash: string; seq: number }
  })
  for (const [at, record] of records.entries()) expect(record.prev).toBe(records[at - 1]?.hash ?? '0'.repeat(64))
})

test('a request left open is ended as unknown_crash at the next start, before the start is recorded', async () => {
  await using dir = await temporaryDir()
  {
    await using log = await openTestLog(dir.path)
    await log.append(accepted('left'))
    await log.append(accepted('done'))
    await log.append(completed('done'))
  }
  await using log = await openTestLog(dir.path)
  const records = await recordsIn(dir.path)
  expect(records.slice(-2).map(({ type, requestId, correlationId }) => [type, requestId, correlationId])).toEqual([
    ['response.unknown_crash', 'left', 'c-left'],
    ['writer.started', undefined, undefined],
  ])
  expect(log.openRequests()).toEqual([])
})

test('a request whose accepted record is shipped and freed is still ended after a crash', async () => {
  await using dir = await temporaryDir()
  let writerId: string
  {
    await using log = await openTestLog(dir.path, { segmentBytes: 500 })
    await log.append(accepted('long'))
    for (const id of ids(5)) await log.append(accepted(id))
    for (const id of ids(5)) await log.append(completed(id))
    await log.free(log.durableSeq)
    expect(log.firstSeq).toBeGreaterThan(2)
    writerId = log.writerId
  }
  await using log = await openTestLog(dir.path, { segmentBytes: 500 })
  expect(log.writerId).toBe(writerId)
  const ended = (await recordsIn(dir.path)).filter(({ type }) => type === 'response.unknown_crash')
  expect(ended.map(({ requestId }) => requestId)).toEqual(['long'])
})

test.each([
  ['half a record', '{"at":"2026-'],
  ['zeros', '\0'.repeat(4096)],
  ['a lost block before a whole line', `${'\0'.repeat(512)}\n{"at":"x"}\n`],
])('%s behind the last record is cut at the start and kept aside', async (_, torn) => {
  await using dir = await temporaryDir()
  {
    await using log = await openTestLog(dir.path)
    await log.append(accepted('a'))
    await log.append(completed('a'))
  }
  await appendFile(segmentPath(dir.path, 0), torn)
  await using log = await openTestLog(dir.path)
  const records = await recordsIn(dir.path)
  expect(records.map(({ seq }) => seq)).toEqual([0, 1, 2, 3])
  expect(records.at(-1)?.data).toMatchObject({ tornBytes: torn.length })
  expect(await readFile(join(dir.path, 'torn-tail.bin'), 'utf8')).toBe(torn)
  expect(log.durableSeq).toBe(3)
})

test('a folder that was changed, or lost what is archived, is not opened', async () => {
  await using dir = await temporaryDir()
  {
    await using log = await openTestLog(dir.path, { segmentBytes: 500 })
    for (const id of ids(5)) await log.append(accepted(id))
    await log.free(3)
  }
  const segments = await listSegments(dir.path)
  const first = await readFile(segments[0]!.path, 'utf8')
  await writeFile(segments[0]!.path, first.replace('"chat"', '"chit"'))
  await expect(openTestLog(dir.path)).rejects.toMatchObject({ name: 'AuditDirDamaged' })
  await writeFile(segments[0]!.path, first)
  await expect(openTestLog(dir.path, { writerId: 'other' })).rejects.toMatchObject({ name: 'AuditDirDamaged' })
  for (const { path } of segments.slice(1)) await rm(path)
  await truncate(segments[0]!.path, 0)
  await expect(openTestLog(dir.path)).rejects.toThrow(/records are lost/)
})

test('a folder in use is refused, and free again after closing', async () => {
  await using dir = await temporaryDir()
  {
    await using log = await openTestLog(dir.path)
    await expect(openTestLog(dir.path)).rejects.toMatchObject({ name: 'AuditDirLocked' })
    await log.append(accepted('a'))
  }
  await using log = await openTestLog(dir.path)
  expect(log.durableSeq).toBe(3)
})

test('a full log refuses new requests, but the end records of accepted ones always fit', async () => {
  await using dir = await temporaryDir()
  const capacityBytes = 30_000
  await using log = await openTestLog(dir.path, { capacityBytes, segmentBytes: 5000 })
  const open: string[] = []
  for (const id of ids(1000)) {
    if (!log.reserve(id)) break
    try {
      await log.append(accepted(id))
    } catch (error) {
      expect(error).toMatchObject({ name: 'AuditUnavailable', reason: 'full' })
      break
    }
    open.push(id)
  }
  expect(open.length).toBeGreaterThan(5)
  expect(open.length).toBeLessThan(15)
  expect(log.reserve('late')).toBe(false)
  await expect(log.append(accepted('late'))).rejects.toMatchObject({ reason: 'full' })
  await Promise.all(open.map((id) => log.append(completed(id, { text: 'x'.repeat(100_000), code: 'é"\n'.repeat(99) }))))
  expect(log.usage.reservedBytes).toBe(0)
  expect(log.usage.unshippedBytes).toBeLessThanOrEqual(capacityBytes)
  await log.free(log.durableSeq)
  expect(log.usage.unshippedBytes).toBe(0)
  await log.append(accepted('late'))
})

test('a reservation that is released, or whose accepted record is refused, gives its room back', async () => {
  await using dir = await temporaryDir()
  await using log = await openTestLog(dir.path, { capacityBytes: 4000 })
  expect(log.reserve('a')).toBe(true)
  expect(log.reserve('a')).toBe(true)
  expect(log.reserve('b')).toBe(false)
  log.release('a')
  await expect(log.append(accepted('b', { text: 'x'.repeat(5000) }))).rejects.toMatchObject({ reason: 'full' })
  expect(log.usage.reservedBytes).toBe(0)
})

test('a request is accepted once and ends once', async () => {
  await using dir = await temporaryDir()
  await using log = await openTestLog(dir.path)
  await expect(log.append(completed('a'))).rejects.toThrow('not known')
  await log.append(accepted('a'))
  await expect(log.append(accepted('a'))).rejects.toThrow('cannot be accepted')
  const [first, second] = await Promise.allSettled([log.append(completed('a')), log.append(completed('a'))])
  expect([first.status, second.status]).toEqual(['fulfilled', 'rejected'])
})

test('a disk that fails rejects appends, and the chain goes on when it works again', async () => {
  await using dir = await temporaryDir()
  await using log = await openTestLog(dir.path, { segmentBytes: 500 })
  await log.append(accepted('a'))
  while ((await listSegments(dir.path)).length < 2)
    await log.append({ type: 'request.refused', requestId: 'x', data: {} })
  await log.append(accepted('b', { text: 'x'.repeat(500) }))
  // A folder in the place of the next segment.
  const blocked = segmentPath(dir.path, log.durableSeq + 1)
  await mkdir(blocked)
  const failures = await Promise.allSettled([log.append(completed('a')), log.append(accepted('c'))])
  for (const failure of failures) {
    expect(failure).toMatchObject({ status: 'rejected', reason: { reason: 'disk', cause: { code: 'EISDIR' } } })
  }
  expect(log.openRequests().map(({ requestId }) => requestId)).toEqual(['a', 'b'])
  await rmdir(blocked)
  await Promise.all([log.append(completed('a')), log.append(completed('b'))])
  expect(log.openRequests()).toEqual([])
  const seqs = (await recordsIn(dir.path)).map(({ seq }) => seq)
  expect(seqs).toEqual(seqs.map((_, at) => at))
})

test('what is durable is read in pieces of the asked size, in order, once', async () => {
  await using dir = await temporaryDir()
  await using log = await openTestLog(dir.path, { segmentBytes: 1500 })
  await Promise.all(ids(30).map((id) => log.append(accepted(id))))
  const all: string[] = []
  for (let seq = 0; seq <= log.durableSeq;) {
    const { records, nextSeq } = await log.read(seq, { bytesMax: 1000 })
    expect(records.length).toBeGreaterThan(0)
    expect(Buffer.byteLength(records.join('\n')) < 1000 || records.length === 1).toBe(true)
    all.push(...records)
    seq = nextSeq
  }
  expect(all.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual(
    Array.from({ length: 31 }, (_, at) => at),
  )
  expect(await log.read(log.durableSeq + 1, { bytesMax: 1000 })).toEqual({ records: [], nextSeq: 31 })
})

test('freeing removes whole segments, is remembered, and never goes beyond what is here', async () => {
  await using dir = await temporaryDir()
  let firstSeq: number
  {
    await using log = await openTestLog(dir.path, { segmentBytes: 1500 })
    for (const id of ids(20)) await log.append(accepted(id))
    await expect(log.free(21)).rejects.toThrow(RangeError)
    await log.free(10)
    firstSeq = log.firstSeq
    expect(firstSeq).toBeGreaterThan(0)
    expect(firstSeq).toBeLessThanOrEqual(11)
    await expect(log.read(firstSeq - 1, { bytesMax: 1 })).rejects.toThrow(RangeError)
  }
  await using log = await openTestLog(dir.path, { segmentBytes: 1500 })
  expect([log.ackedSeq, log.firstSeq]).toEqual([10, firstSeq])
})

test('a waiter is woken when its record is durable, or by its signal', async () => {
  await using dir = await temporaryDir()
  await using log = await openTestLog(dir.path)
  const stop = new AbortController()
  const woken = log.untilDurable(1, stop.signal)
  const never = log.untilDurable(99, stop.signal)
  await log.append(accepted('a'))
  await woken
  stop.abort(new Error('stopped'))
  await expect(never).rejects.toThrow('stopped')
})

test('closing writes what was appended, and refuses what comes after', async () => {
  await using dir = await temporaryDir()
  const log = await openTestLog(dir.path)
  const last = log.append(accepted('a'))
  await log[Symbol.asyncDispose]()
  expect((await last).seq).toBe(1)
  await expect(log.append(accepted('b'))).rejects.toMatchObject({ reason: 'closed' })
  expect((await readdir(dir.path)).sort()).toEqual(['0000000000000000.jsonl', 'state.json'])
})
