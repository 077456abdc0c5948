import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { isTerminal } from './record.ts'
import { openTestLog, recordsIn, temporaryDir } from './test-support.ts'

const appendLoop = fileURLToPath(new URL('append-loop.fixture.ts', import.meta.url))

/** Reads what an append loop acknowledges into `acked` until `isEnough`; then kills it as a crash would. */
const runUntil = async (
  command: readonly string[],
  acked: Map<number, string>,
  isEnough: (line: string, child: ReturnType<typeof spawn>) => boolean,
): Promise<void> => {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  for await (const line of createInterface(child.stdout)) {
    const [seq, hash] = line.split(' ')
    if (hash?.length === 64) acked.set(Number(seq), hash)
    if (isEnough(line, child)) child.kill('SIGKILL')
  }
  await exited
}

test('after kill -9 every acknowledged record is there, the chain is whole and every request has ended', async () => {
  await using dir = await temporaryDir()
  const acked = new Map<number, string>()
  for (const enough of [50, 300, 301, 900]) {
    await runUntil([process.execPath, appendLoop, dir.path], acked, () => acked.size >= enough)
  }
  await using log = await openTestLog(dir.path)
  const records = await recordsIn(dir.path)
  expect(records.map(({ seq }) => seq)).toEqual(records.map((_, at) => at))
  for (const [seq, hash] of acked) expect(records[seq]?.hash).toBe(hash)
  const count = (wanted: (type: (typeof records)[number]['type']) => boolean) =>
    records.filter(({ type }) => wanted(type)).length
  expect(count((type) => type === 'request.accepted')).toBe(count(isTerminal))
  expect(count((type) => type === 'writer.started')).toBe(5)
  expect(log.openRequests()).toEqual([])
}, 30_000)

test('a write that the disk takes only in part is cut away, and the same records follow when there is room', async () => {
  await using dir = await temporaryDir()
  const acked = new Map<number, string>()
  // A limit on the size of files: the kernel writes up to it, then refuses (EFBIG), as a full disk does.
  const command = `ulimit -S -f 24 && exec "$0" "$@"`
  let failed = 0
  let ackedAtFailure = 0
  await runUntil(['/bin/sh', '-c', command, process.execPath, appendLoop, dir.path, '1'], acked, (line, child) => {
    if (line.startsWith('failed')) {
      expect(line).toBe('failed EFBIG')
      failed += 1
      ackedAtFailure = acked.size
      // Fails twice, so that a cut follows a cut.
      if (failed === 2) execFileSync('/bin/sh', ['-c', `prlimit --pid ${child.pid} --fsize=unlimited:unlimited`])
      child.stdin?.write('again\n')
    }
    return failed >= 2 && acked.size > ackedAtFailure + 300
  })
  expect(failed).toBe(2)
  await using log = await openTestLog(dir.path)
  const records = await recordsIn(dir.path)
  expect(records.map(({ seq }) => seq)).toEqual(records.map((_, at) => at))
  for (const [seq, hash] of acked) expect(records[seq]?.hash).toBe(hash)
  expect(log.durableSeq).toBe(records.length - 1)
}, 30_000)
