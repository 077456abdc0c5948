import type { KeyObject } from 'node:crypto'
import { checkpointsPath, parseCheckpoint, signedText, type Checkpoint } from './checkpoint.ts'
import { genesisHash, sha256Hex } from './record.ts'
import { readLines } from './segment-files.ts'
import { isSignedBy } from './signing-key.ts'
import type { ProblemKind, ReportProblem } from './verify-report.ts'

/** A checkpoint that holds, and its line. */
export interface PlacedCheckpoint {
  readonly checkpoint: Checkpoint
  readonly line: number
}

export const checkpointsFile = 'checkpoints.jsonl'

/** What one reading of the checkpoints says. Kept small: there is a checkpoint every few seconds, for years. */
export interface CheckedCheckpoints {
  /** Per writer, the number of checkpoints that hold. */
  readonly counts: ReadonlyMap<string, number>
  /** Lines that do not hold. */
  readonly badLines: ReadonlySet<number>
}

/** Checks form, chain, signature and growth of the checkpoints in the file's first `bytes`. */
export const checkCheckpoints = async (
  archiveDir: string,
  bytes: number,
  keys: ReadonlyMap<string, KeyObject>,
  report: ReportProblem,
): Promise<CheckedCheckpoints> => {
  const counts = new Map<string, number>()
  const sizes = new Map<string, number>()
  const badLines = new Set<number>()
  let hash: string | undefined = genesisHash
  for await (const line of readLines(checkpointsPath(archiveDir), bytes)) {
    if (!line.terminated) break
    const bad = (kind: ProblemKind, writerId: string, message: string) => {
      badLines.add(line.number)
      report({ writerId, file: checkpointsFile, line: line.number, kind, message })
    }
    const checkpoint = parseCheckpoint(line.bytes)
    if (checkpoint === undefined) {
      bad('bad_checkpoint', '', 'the line is no checkpoint in canonical form')
      hash = undefined
      continue
    }
    const { writerId, treeSize, keyId, signature } = checkpoint
    const key = keys.get(keyId)
    if (key === undefined || !isSignedBy(key, signedText(checkpoint), signature)) {
      bad(
        'bad_signature',
        writerId,
        key === undefined ? `signed by an unknown key ${keyId}` : 'the signature does not match',
      )
    } else if (hash !== undefined && checkpoint.prevCheckpointHash !== hash) {
      bad('bad_checkpoint', writerId, 'does not follow the checkpoint before')
    } else if (treeSize <= (sizes.get(writerId) ?? 0)) {
      bad('bad_checkpoint', writerId, `covers ${treeSize} records, no more than the one before`)
    } else {
      sizes.set(writerId, treeSize)
      counts.set(writerId, (counts.get(writerId) ?? 0) + 1)
    }
    hash = sha256Hex(line.bytes)
  }
  return { counts, badLines }
}

/** The checkpoints of one writer that hold, in order, read again as they are needed. */
export async function* checkpointsOf(
  archiveDir: string,
  bytes: number,
  writerId: string,
  { counts, badLines }: CheckedCheckpoints,
): AsyncGenerator<PlacedCheckpoint> {
  if (!counts.has(writerId)) return
  const mark = `"writerId":"${writerId}"`
  for await (const line of readLines(checkpointsPath(archiveDir), bytes)) {
    if (!line.terminated || badLines.has(line.number) || !line.bytes.includes(mark)) continue
    const checkpoint = parseCheckpoint(line.bytes)
    if (checkpoint?.writerId === writerId) yield { checkpoint, line: line.number }
  }
}
