import { stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { ChainCheck } from './chain-check.ts'
import { hasCode } from './durable-file.ts'
import { MerkleAccumulator } from './merkle.ts'
import { checkLine } from './record.ts'
import { RequestTally } from './request-tally.ts'
import { listSegments, readLines, type SegmentFile } from './segment-files.ts'
import { checkpointsFile, type PlacedCheckpoint } from './verify-checkpoints.ts'
import type { ReportProblem, VerifiedRequests, VerifiedWriter } from './verify-report.ts'

/** Verifies one writer's records, in one reading, against its checkpoints, which come in order of their size. */
export const verifyWriter = async (
  archiveDir: string,
  writerId: string,
  checkpoints: AsyncIterator<PlacedCheckpoint>,
  requests: VerifiedRequests,
  report: ReportProblem,
): Promise<VerifiedWriter> => {
  const dir = join(archiveDir, 'writers', writerId)
  const chain = new ChainCheck(writerId, report)
  const tally = new RequestTally(requests, report)
  const merkle = new MerkleAccumulator()
  let place = { file: relative(archiveDir, dir), line: 0 }
  let checkpointCount = 0
  let signedRecords = 0
  let next = await checkpoints.next()
  const segments = await sizedSegments(dir)
  for (const [at, { path, bytes }] of segments.entries()) {
    const file = relative(archiveDir, path)
    for await (const line of readLines(path, bytes)) {
      // An unfinished last line is a write under way, or one that a crash cut off: no one was told of it.
      if (!line.terminated && at === segments.length - 1) break
      place = { file, line: line.number }
      const check = line.terminated
        ? checkLine(line.bytes)
        : { kind: 'malformed' as const, message: 'the line has no end' }
      chain.take(check, place)
      if (check.kind !== 'malformed') tally.take(check.record, place)
      merkle.append(line.bytes)
      if (next.done === true || next.value.checkpoint.treeSize !== merkle.size) continue
      const { checkpoint, line: checkpointLine } = next.value
      // Behind a broken chain every root differs; the break itself is what to report.
      if (!chain.isBroken && merkle.rootHash() !== checkpoint.rootHash) {
        const message = `these records are not those that checkpoint ${checkpointsFile}:${checkpointLine} signed: one of seq ${signedRecords} to ${checkpoint.treeSize - 1} differs`
        report({ writerId, seq: signedRecords, ...place, kind: 'root_mismatch', message })
        // Later roots contain this one.
        await checkpoints.return?.()
        next = { done: true, value: undefined }
        continue
      }
      if (!chain.isBroken) signedRecords = checkpoint.treeSize
      checkpointCount += 1
      next = await checkpoints.next()
    }
  }
  tally.finish()
  let signedSize = 0
  for (; next.done !== true; next = await checkpoints.next()) {
    checkpointCount += 1
    signedSize = next.value.checkpoint.treeSize
  }
  if (signedSize > chain.nextSeq) {
    const message = `the records end before seq ${chain.nextSeq}, but a checkpoint covers ${signedSize}`
    report({ writerId, seq: chain.nextSeq, ...place, kind: 'truncated', message })
  }
  const firstSeq = chain.firstSeq
  return {
    writerId,
    records: merkle.size,
    firstSeq,
    lastSeq: chain.nextSeq - 1,
    checkpoints: checkpointCount,
    signedRecords,
  }
}

/** The segments as long as they are at this moment: an archive in use grows while it is read. */
const sizedSegments = async (dir: string): Promise<(SegmentFile & { readonly bytes: number })[]> => {
  try {
    const segments = await listSegments(dir)
    return await Promise.all(segments.map(async (segment) => ({ ...segment, bytes: (await stat(segment.path)).size })))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}
